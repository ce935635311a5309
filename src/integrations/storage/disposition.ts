/**
 * A `Content-Disposition` that has a file saved under its name, whatever its letters (RFC 6266, RFC 8187): a name in
 * ASCII for old readers, and the whole one beside it.
 */
export function attachment(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]/gu, '?').replace(/["\\%]/g, '_');
  return `attachment; filename="${plain}"; filename*=UTF-8''${extValue(fileName)}`;
}

/** `encodeURIComponent` leaves a few characters that RFC 8187 does not allow; half a character is no text at all. */
function extValue(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
