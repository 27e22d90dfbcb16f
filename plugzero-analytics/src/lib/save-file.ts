/** Hands a file to the browser's downloads. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The download has its own reference once the click was handled.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The file name a response gives in Content-Disposition (RFC 6266), without any path. */
export function fileNameOf(response: Response, fallback: string): string {
  const header = response.headers.get("content-disposition") ?? "";
  const encoded = /filename\*\s*=\s*UTF-8''([^;]+)/i.exec(header)?.[1];
  const plain = /filename\s*=\s*(?:"([^"]*)"|([^;]+))/i.exec(header);
  let name = plain?.[1] ?? plain?.[2]?.trim() ?? "";
  if (encoded) {
    try {
      name = decodeURIComponent(encoded);
    } catch {
      name = "";
    }
  }
  return name.split(/[/\\]/).at(-1)?.trim() || fallback;
}
