import { InvalidArgumentError, Option } from 'commander'

/** A file that is written beside what a command prints. */
export interface Also<Format extends string> {
  readonly format: Format
  readonly path: string
}

/** `--also sarif=portcullis.sarif`, as often as somebody likes: one run, told in several formats. */
export function alsoOption<Format extends string>(formats: readonly Format[]): Option {
  return new Option(
    '--also <format=file>',
    'write it to a file in that format, too; may be given several times',
  ).argParser((text: string, before: readonly Also<Format>[] | undefined) => [
    ...(before ?? []),
    parseAlso(text, formats),
  ])
}

function parseAlso<Format extends string>(text: string, formats: readonly Format[]): Also<Format> {
  const end = text.indexOf('=')
  const format = formats.find(it => it === text.slice(0, Math.max(end, 0)))
  const path = text.slice(end + 1)
  if (format === undefined || path === '')
    throw new InvalidArgumentError(`${JSON.stringify(text)} is no FORMAT=FILE with one of ${formats.join(', ')}.`)
  return { format, path }
}
