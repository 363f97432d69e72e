import { splitWords } from './python-text.ts'

/** What pip does with an option: collects its values, keeps the last, or notes that it is there. */
type OptionName =
  | 'index-url'
  | 'extra-index-url'
  | 'no-index'
  | 'find-links'
  | 'constraint'
  | 'requirement'
  | 'editable'
  | 'hash'
  | 'no-binary'
  | 'only-binary'
  | 'no-effect'

interface Option {
  readonly name: OptionName
  readonly takesValue: boolean
}

const VALUE = (name: OptionName): Option => ({ name, takesValue: true })
const FLAG = (name: OptionName): Option => ({ name, takesValue: false })

/** Every option that pip allows in a requirements file, in releases that are still about. */
const LONG: ReadonlyMap<string, Option> = new Map([
  ['--index-url', VALUE('index-url')],
  ['--pypi-url', VALUE('index-url')],
  ['--extra-index-url', VALUE('extra-index-url')],
  ['--no-index', FLAG('no-index')],
  ['--find-links', VALUE('find-links')],
  ['--constraint', VALUE('constraint')],
  ['--requirement', VALUE('requirement')],
  ['--editable', VALUE('editable')],
  ['--hash', VALUE('hash')],
  ['--no-binary', VALUE('no-binary')],
  ['--only-binary', VALUE('only-binary')],
  ['--prefer-binary', FLAG('no-effect')],
  ['--require-hashes', FLAG('no-effect')],
  ['--no-require-hashes', FLAG('no-effect')],
  ['--pre', FLAG('no-effect')],
  ['--all-releases', VALUE('no-effect')],
  ['--only-final', VALUE('no-effect')],
  ['--trusted-host', VALUE('no-effect')],
  ['--use-feature', VALUE('no-effect')],
  ['--config-settings', VALUE('no-effect')],
  ['--config-setting', VALUE('no-effect')],
  ['--global-option', VALUE('no-effect')],
  ['--install-option', VALUE('no-effect')],
])

const SHORT: ReadonlyMap<string, Option> = new Map([
  ['i', VALUE('index-url')],
  ['f', VALUE('find-links')],
  ['c', VALUE('constraint')],
  ['r', VALUE('requirement')],
  ['e', VALUE('editable')],
  ['C', VALUE('no-effect')],
])

/** A line in two: what is required, and the options behind it. */
export interface SplitLine {
  readonly requirement: string
  readonly options: ReadonlyMap<OptionName, readonly string[]>
}

/** `wrong`: what pip stops at. */
export function splitLine(text: string): SplitLine | { readonly wrong: string } {
  const tokens = text.split(' ')
  const first = tokens.findIndex(token => token.startsWith('-'))
  const requirement = tokens.slice(0, first < 0 ? undefined : first).join(' ')
  const words = first < 0 ? [] : splitWords(tokens.slice(first).join(' '))
  if (words === undefined) return { wrong: 'a quotation has no end' }
  const options = readOptions(words)
  return 'wrong' in options ? options : { requirement, options: options.found }
}

type Found = Map<OptionName, string[]>

/** As `optparse` reads them: an option by an unambiguous beginning of its name, other words passed over, `--` ends them. */
function readOptions(words: readonly string[]): { readonly found: Found } | { readonly wrong: string } {
  const found: Found = new Map()
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--') break
    if (!word.startsWith('-') || word === '-') continue
    const read = word.startsWith('--') ? readLong(word) : readShort(word)
    if ('wrong' in read) return read
    const { option, attached } = read
    const value = attached ?? (option.takesValue ? words[at + 1] : '')
    if (value === undefined) return { wrong: `${word} has no value` }
    if (option.takesValue && attached === undefined) at += 1
    found.set(option.name, [...(found.get(option.name) ?? []), value])
  }
  return { found }
}

interface ReadOption {
  readonly option: Option
  readonly attached: string | undefined
}

function readLong(word: string): ReadOption | { readonly wrong: string } {
  const equals = word.indexOf('=')
  const spelled = equals < 0 ? word : word.slice(0, equals)
  const attached = equals < 0 ? undefined : word.slice(equals + 1)
  const option = LONG.get(spelled) ?? byBeginning(spelled)
  if (option === undefined) return { wrong: `${spelled} is no option of a requirements file` }
  return attached !== undefined && !option.takesValue ? { wrong: `${spelled} takes no value` } : { option, attached }
}

function byBeginning(spelled: string): Option | undefined {
  const [only, ...others] = [...LONG].filter(([name]) => name.startsWith(spelled))
  return others.length > 0 ? undefined : only?.[1]
}

/** Every short option takes a value: whatever is attached to it, or the next word. */
function readShort(word: string): ReadOption | { readonly wrong: string } {
  const option = SHORT.get(word.charAt(1))
  if (option === undefined) return { wrong: `${word.slice(0, 2)} is no option of a requirements file` }
  return { option, attached: word.length > 2 ? word.slice(2) : undefined }
}
