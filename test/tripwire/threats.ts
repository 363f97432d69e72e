/** A test that a row names: a file, the title of a test in it, and cases of that test that it lists by name. */
export interface Shown {
  readonly path: string
  readonly titles: readonly string[]
}

/** One case of the catalogue: how it is shown that it does no harm, or why it cannot happen here. */
export interface Row {
  readonly line: number
  readonly id: string
  readonly what: string
  readonly shown: readonly Shown[]
  /** what stands beside the tests and is none that can be read */
  readonly unread: string
  /** a sentence that names the sources that it rests on; empty where there is none */
  readonly argument: string
}

/** How many cases each group has: the list of ids is ours, so that a row that is dropped is missed. */
const GROUPS: Readonly<Record<string, number>> = {
  V: 24,
  F: 8,
  U: 22,
  M: 8,
  N: 16,
  H: 22,
  C: 16,
  D: 6,
  T: 8,
  R: 13,
  P: 14,
  K: 6,
  S: 20,
  L: 7,
  A: 8,
  O: 12,
  W: 8,
}

export const IDS: readonly string[] = Object.entries(GROUPS).flatMap(([group, count]) =>
  Array.from({ length: count }, (_, index) => `${group}${index + 1}`),
)

const ROW = /^\| *([A-Z]\d+) *\|(.*)\|$/
const SHOWN = /`(test\/[^`]+)`((?:,? “[^”]+”)+)/g
const TITLE = /“([^”]+)”/g
const SOURCE = /`((?:src|bin|docker)\/[^`]+|Dockerfile|package-lock\.json)`/g
/** What an argument begins with that is none yet. */
const OPEN = /^open: /

/** The rows of `threats.md`: id, case, tests, argument. */
export function rowsOf(markdown: string): readonly Row[] {
  return markdown.split('\n').flatMap((text, index) => {
    const [, id = '', rest] = ROW.exec(text) ?? []
    if (rest === undefined) return []
    const [what = '', tests = '', argument = ''] = rest.split('|').map(cell => cell.trim())
    const shown = [...tests.matchAll(SHOWN)].map(([, path = '', titles = '']) => ({
      path,
      titles: [...titles.matchAll(TITLE)].map(([, title = '']) => title),
    }))
    const unread = tests.replace(SHOWN, '').replace(/^[; ]*$/, '')
    return [{ line: index + 1, id, what, shown, unread, argument }]
  })
}

export function isOpen({ argument }: Row): boolean {
  return OPEN.test(argument)
}

/** What is wrong with the table, each as one sentence. `textOf` reads a file of the repository; `undefined`: it is not there. */
export function gapsIn(rows: readonly Row[], textOf: (path: string) => string | undefined): readonly string[] {
  const ids = rows.map(({ id }) => id)
  return [
    ...IDS.filter(id => !ids.includes(id)).map(id => `${id} has no row`),
    ...rows.flatMap((row, index) => wrongWithId(row, ids.indexOf(row.id) !== index)),
    ...rows.flatMap(row => wrongWithRow(row, textOf).map(what => `${row.id} (line ${row.line}): ${what}`)),
  ]
}

function wrongWithId({ id, line }: Row, again: boolean): readonly string[] {
  if (!IDS.includes(id)) return [`${id} (line ${line}) is no case of the catalogue`]
  return again ? [`${id} (line ${line}) has a row before`] : []
}

function wrongWithRow(row: Row, textOf: (path: string) => string | undefined): readonly string[] {
  const { what, shown, unread, argument } = row
  return [
    ...(unread === '' ? [] : [`this names no test: ${unread}`]),
    ...(what === '' ? ['it does not say what the case is'] : []),
    ...(shown.length === 0 && argument === '' ? ['neither a test nor an argument'] : []),
    ...shown.flatMap(test => wrongWithTest(test, textOf(test.path))),
    ...(argument === '' || isOpen(row) ? [] : wrongWithArgument(row, textOf)),
  ]
}

function wrongWithTest({ path, titles: [title = '', ...cases] }: Shown, text: string | undefined): readonly string[] {
  if (text === undefined) return [`${path} is not there`]
  if (!titlesIn(text).has(title)) return [`${path} has no test “${title}”`]
  return cases.filter(name => !isQuotedIn(text, name)).map(name => `${path} has no case “${name}”`)
}

/** Without a test an argument has to name what it rests on. */
function wrongWithArgument({ shown, argument }: Row, textOf: (path: string) => string | undefined): readonly string[] {
  const sources = [...argument.matchAll(SOURCE)].map(([, path = '']) => path)
  const gone = sources.filter(path => textOf(path) === undefined).map(path => `${path} is not there`)
  return sources.length === 0 && shown.length === 0 ? ['the argument names no source'] : gone
}

/** Titles as they are written, templates unfilled. */
function titlesIn(text: string): ReadonlySet<string> {
  const written = text.matchAll(/\.test\(\s*(['"`])((?:(?!\1)[^\\\n])+)\1/g)
  return new Set([...written].map(([, , title = '']) => title))
}

function isQuotedIn(text: string, name: string): boolean {
  return ["'", '"', '`'].some(quote => text.includes(`${quote}${name}${quote}`))
}
