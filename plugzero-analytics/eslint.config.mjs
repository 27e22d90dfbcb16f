import next from "eslint-config-next/core-web-vitals";
import nextTypescript from "eslint-config-next/typescript";

const config = [
  { ignores: [".next/**", "node_modules/**", "e2e/output/**", "src/types/api.ts", "next-env.d.ts"] },
  ...next,
  ...nextTypescript,
  {
    rules: {
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // Text that a user gave must reach the page through React's escaping only.
      "react/no-danger": "error",
    },
  },
  // The scripts are command-line programs: their output is their purpose.
  { files: ["scripts/**"], rules: { "no-console": "off" } },
];

export default config;
