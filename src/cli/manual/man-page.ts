import { everyOutline, type Outline } from './outline.ts'

/** The manual page in roff (man(7)): what the program says of itself, then the help of every command as it is printed. */
export function manPage(outline: Outline, version: string): string {
  const [program, ...commands] = everyOutline(outline).filter(
    each => each.path.length === 1 || each.commands.length === 0,
  )
  if (program === undefined) throw new TypeError('there is a program')
  return [
    `.TH PORTCULLIS 1 "" "portcullis ${version}" "User Commands"`,
    '.\\" generated from the commands themselves: npm run generate',
    '.SH NAME',
    'portcullis \\- a mirror of PyPI that fails closed',
    '.SH SYNOPSIS',
    '.B portcullis',
    '.RI [ options ]',
    '.I command',
    '.RI [ arguments ]',
    '.SH DESCRIPTION',
    asPrinted(program.help),
    '.SH COMMANDS',
    ...commands.flatMap(each => [`.SS ${roff(each.path.join(' '))}`, asPrinted(each.help)]),
    '.SH FILES',
    '.TP',
    '.I ./portcullis.yaml',
    roff('the configuration, where neither --config nor PORTCULLIS_CONFIG names another file'),
    '',
  ].join('\n')
}

/** Columns and line ends mean something. */
function asPrinted(text: string): string {
  return ['.nf', ...text.trim().split('\n').map(roff), '.fi'].join('\n')
}

/** Nothing in it is a request, an escape or a hyphen that may be broken or replaced. */
function roff(line: string): string {
  const text = line.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq').replaceAll('`', '\\(ga')
  return /^[.\\]/.test(text) ? `\\&${text}` : text
}
