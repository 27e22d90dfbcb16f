// Vitest runs server modules outside Next.js, where the real marker package throws on import.
export {};
