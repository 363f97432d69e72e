/** The line that begins the one block of a text in PEM (RFC 7468); `undefined` where there are several: the first would be taken, and nobody would know which that is. */
export function onlyPem(text: string): string | undefined {
  const begun = text.match(/^-----BEGIN .*$/gm) ?? []
  return begun.length === 1 ? begun[0]?.trimEnd() : undefined
}
