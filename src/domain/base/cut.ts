/** Where a text was cut. Half a secret may stand before it, and whoever takes secrets out looks there. */
export const CUT = '…'

/** The first `most` characters of a text, and where there were more, a mark that says so. */
export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}${CUT}` : text
}
