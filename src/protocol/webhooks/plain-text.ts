import { cut } from '../../domain/base/cut.ts'

/** What nobody sees and a reader obeys: controls but for line feeds, and characters that turn the direction of writing or take no room. */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Words from anywhere as text alone, at most `most` characters and a mark that it was cut. */
export function plainText(text: string, most: number): string {
  return cut(text.toWellFormed(), most).replace(UNSEEN, ' ').trim()
}

/** The same in one line. */
export function plainLine(text: string, most: number): string {
  return plainText(text.replace(/\s+/g, ' '), most)
}
