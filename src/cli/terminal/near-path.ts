import { relative, sep } from 'node:path'

/** A path as a person would type it: relative where it lies below the working folder. */
export function nearPath(file: string): string {
  const near = relative(process.cwd(), file)
  return near.startsWith('..') || near === '' ? file : near
}

/** Every path in a text, the same way. */
export function nearPathsIn(text: string): string {
  return text.replaceAll(`${process.cwd()}${sep}`, '')
}
