import { isMap, isScalar, isSeq } from 'yaml'
import { GateError } from '../../domain/base/errors.ts'
import type { TextFile } from '../yaml/yaml-document.ts'
import { dashOf, documentsOf, endOf, type Holder, lastLeaf, nodeAt, startOf } from './parsed-yaml.ts'
import { TextLines } from './text-lines.ts'
import { indexOf, type Position, type YamlEdit, type YamlPlace } from './yaml-edit.ts'
import { blockLines, flowText, itemLines, scalarText, type YamlValue } from './yaml-value.ts'

interface Splice {
  readonly start: number
  readonly end: number
  readonly written: string
}

type Added = Extract<YamlEdit, { kind: 'item' | 'pair' }>
type Removal = Extract<YamlEdit, { kind: 'remove' }>

/** Where in the text of a file each change is made. */
export class YamlSplices {
  readonly #file: TextFile
  readonly #text: string
  readonly #lines: TextLines
  readonly #newline: string
  /** in one line; JSON where the whole file is */
  readonly #write: (value: YamlValue) => string

  constructor(file: TextFile) {
    this.#file = file
    this.#text = file.text
    this.#lines = new TextLines(file.text)
    this.#newline = /^[^\n]*\r\n/.test(file.text) ? '\r\n' : '\n'
    this.#write = isJson(file.text) ? value => JSON.stringify(value) : flowText
  }

  /** The whole text with all edits made. */
  apply(edits: readonly YamlEdit[]): string {
    const holders = Map.groupBy(edits, edit => this.#holderOf(edit))
    // what is further in ends sooner
    const inner = [...holders].toSorted(([, [a]], [, [b]]) => depthOf(b) - depthOf(a))
    const splices = inner.flatMap(([holder, own]) => this.#within(holder, own))
    const ordered = splices.toSorted((a, b) => a.start - b.start || a.end - b.end)
    let [at, text] = [0, '']
    for (const { start, end, written } of ordered) {
      if (start < at) throw new TypeError('changes of one text may not overlap')
      text += this.#text.slice(at, start) + written
      at = end
    }
    const whole = text + this.#text.slice(at)
    // a file whose last line did not end keeps it so
    return this.#text.endsWith('\n') ? whole : whole.replace(/(?:\r?\n)+$/, '')
  }

  refuse(place: YamlPlace, what: string): never {
    const before = this.#text.slice(0, startOf(this.#at(place)) ?? 0)
    throw new GateError('usage', `${this.#file.path}:${before.split('\n').length}: what stands here ${what}`)
  }

  #at({ document, path }: YamlPlace): unknown {
    return nodeAt(documentsOf(this.#file)[document], path)
  }

  /** The list or mapping that is changed. */
  #holderOf(edit: YamlEdit): unknown {
    const { document, path } = edit.place
    return this.#at(edit.kind === 'item' || edit.kind === 'pair' ? edit.place : { document, path: path.slice(0, -1) })
  }

  #within(holder: unknown, edits: readonly YamlEdit[]): readonly Splice[] {
    const [first] = edits
    if (first === undefined) return []
    if (!isMap(holder) && !isSeq(holder)) return this.refuse(first.place, 'is neither a list nor a mapping')
    const texts = edits.flatMap(edit => (edit.kind === 'text' ? [this.#setText(edit.place, edit.value)] : []))
    const added = edits.filter(edit => edit.kind === 'item' || edit.kind === 'pair')
    const removed = edits.filter(edit => edit.kind === 'remove')
    return [...texts, ...this.#addAll(holder, added), ...this.#removeAll(holder, removed)]
  }

  #setText(place: YamlPlace, value: string): Splice {
    const node = this.#at(place)
    if (!isScalar(node) || node.range == null) return this.refuse(place, 'is no text')
    const [start, end] = node.range
    if (node.type === 'QUOTE_DOUBLE') return { start, end, written: JSON.stringify(value) }
    if (node.type === 'QUOTE_SINGLE' && !value.includes("'")) return { start, end, written: `'${value}'` }
    if (node.type === 'PLAIN') return { start, end, written: scalarText(value) }
    return this.refuse(place, 'is written over several lines')
  }

  // ---------------------------------------------------------------- what comes

  #addAll(holder: Holder, added: readonly Added[]): readonly Splice[] {
    const [first] = added
    if (first === undefined) return []
    for (const { kind, place } of added)
      if (isSeq(holder) !== (kind === 'item'))
        this.refuse(place, kind === 'item' ? 'is a mapping, no list' : 'is a list, no mapping')
    if (holder.items.length === 0) return this.#fill(first.place, holder, added.flatMap(linesOf))
    if (holder.flow === true)
      return this.#inLineOrder(added).map(edit => this.#addInFlow(holder, flowOf(edit, this.#write), edit.position))
    const spread = first.kind === 'pair' && first.place.path.length === 0 && this.#hasGaps(holder)
    return this.#inLineOrder(added).map(edit => {
      const lines = isLikeFlow(holder, edit) ? [`- ${flowOf(edit, flowText)}`] : linesOf(edit)
      return this.#addLines(holder, spread ? ['', ...lines] : lines, edit)
    })
  }

  #inLineOrder(added: readonly Added[]): readonly Added[] {
    const rank = ({ position }: Added) => 2 * indexOf(position) + ('after' in position ? 0 : 1)
    return added.toSorted((a, b) => rank(a) - rank(b))
  }

  /** Lines instead of `[]` or `{}`, which nothing but a comment follows in its line. */
  #fill(place: YamlPlace, holder: Holder, lines: readonly string[]): readonly Splice[] {
    const [start = 0, end = 0] = holder.range ?? []
    const { document, path } = place
    const parent = this.#at({ document, path: path.slice(0, -1) })
    const key = path.at(-1)
    const pair =
      isMap(parent) && parent.flow !== true && path.length > 0
        ? parent.items.find(it => isScalar(it.key) && it.key.value === key)
        : undefined
    if (pair === undefined) return this.refuse(place, 'is empty, and in braces: write it in lines')
    const column = this.#lines.columnOf(startOf(pair) ?? 0) + 2
    const space = /[ ]$/.test(this.#text.slice(0, start)) ? 1 : 0
    return [{ start: start - space, end, written: '' }, this.#linesAt(this.#lines.end(end), lines, column)]
  }

  #addLines(holder: Holder, lines: readonly string[], { place, position }: Added): Splice {
    const column = this.#columnOfItem(place, holder, 0)
    return this.#linesAt(this.#lineFor(place, holder, position), lines, column)
  }

  #linesAt(at: number, lines: readonly string[], column: number): Splice {
    const written = lines.map(line => (line === '' ? '' : ' '.repeat(column) + line)).join(this.#newline)
    const isLast = at === this.#text.length && !this.#text.endsWith('\n')
    return { start: at, end: at, written: isLast ? this.#newline + written : written + this.#newline }
  }

  /** The beginning of the line that the new one becomes. */
  #lineFor(place: YamlPlace, holder: Holder, position: Position): number {
    if ('before' in position) return this.#lines.start(this.#startOfItem(place, holder, position.before))
    if (position.after >= 0) return this.#afterItem(place, holder, position.after)
    const parent = this.#at({ ...place, path: place.path.slice(0, -1) })
    const pair = isMap(parent) ? parent.items.find(({ value }) => value === holder) : undefined
    if (pair === undefined) return this.#lines.start(this.#startOfItem(place, holder, 0))
    return this.#lines.end(startOf(pair) ?? 0)
  }

  #addInFlow(holder: Holder, written: string, position: Position): Splice {
    const index = indexOf(position)
    const follower = startOf(holder.items[index])
    if (follower !== undefined)
      return { start: follower, end: follower, written: `${written},${this.#gapBefore(follower)}` }
    const last = holder.items[index - 1]
    const end = endOf(last) ?? 0
    const gap = this.#gapBefore(startOf(last) ?? end)
    const comma = /^\s*,/.exec(this.#text.slice(end))?.[0].length
    if (comma === undefined) return { start: end, end, written: `,${gap}${written}` }
    return { start: end + comma, end: end + comma, written: `${gap}${written},` }
  }

  /** What parts an item from the one before it: a space, or a new line as far in. */
  #gapBefore(start: number): string {
    const indentation = this.#text.slice(this.#lines.start(start), start)
    return /^[ ]+$/.test(indentation) ? `${this.#newline}${indentation}` : ' '
  }

  // ---------------------------------------------------------------- what goes

  #removeAll(holder: Holder, removed: readonly Removal[]): readonly Splice[] {
    const found = removed.map(edit => ({ edit, index: this.#indexIn(holder, edit.place) }))
    if (holder.flow !== true) return found.map(({ edit, index }) => this.#removeLines(holder, index, edit))
    const gone = new Set(found.map(({ index }) => index))
    return found.flatMap(({ index }) => (gone.has(index - 1) ? [] : [this.#removeFromFlow(holder, index, gone)]))
  }

  #indexIn(holder: Holder, place: YamlPlace): number {
    const last = place.path.at(-1)
    const index = isSeq(holder)
      ? Number(last)
      : holder.items.findIndex(({ key }) => isScalar(key) && key.value === last)
    return holder.items[index] === undefined ? this.refuse(place, 'does not hold what is to go') : index
  }

  /** From `first` on, as long as everything goes. */
  #removeFromFlow(holder: Holder, first: number, gone: ReadonlySet<number>): Splice {
    let last = first
    while (gone.has(last + 1)) last += 1
    const start = startOf(holder.items[first]) ?? 0
    const next = startOf(holder.items[last + 1])
    if (next !== undefined) return { start, end: next, written: '' }
    return { start: endOf(holder.items[first - 1]) ?? start, end: endOf(holder.items[last]) ?? start, written: '' }
  }

  #removeLines(holder: Holder, index: number, { place, owns }: Removal): Splice {
    const at = { ...place, path: place.path.slice(0, -1) }
    const line = this.#lines.start(this.#startOfItem(at, holder, index))
    const above = this.#lines.commentsAbove(line)
    const start = above < line && owns(this.#text.slice(above, line)) ? above : line
    const end = this.#afterItem(at, holder, index)
    // of two empty lines, one above and one below, one would be left over
    const parted = /(?:^|\n)\r?\n$/.test(this.#text.slice(0, start))
    const gap = parted ? (/^(?:\r?\n|$)/.exec(this.#text.slice(end))?.[0] ?? '') : ''
    return { start, end: end + gap.length, written: '' }
  }

  // ---------------------------------------------------------------- lines

  /** Whether empty lines part the keys of a mapping. */
  #hasGaps(holder: Holder): boolean {
    return holder.items.some((item, index) => {
      const start = startOf(item)
      if (index === 0 || start === undefined) return false
      return /\n\r?\n$/.test(this.#text.slice(0, this.#lines.commentsAbove(this.#lines.start(start))))
    })
  }

  /** Behind an item and the comments below it that are further in. */
  #afterItem(place: YamlPlace, holder: Holder, index: number): number {
    const column = this.#columnOfItem(place, holder, index)
    let at = this.#lineAfter(holder.items[index])
    for (;;) {
      const [, indentation] = /^([ ]*)#[^\n]*(?:\n|$)/.exec(this.#text.slice(at, this.#lines.end(at))) ?? []
      if (indentation === undefined || indentation.length <= column || at >= this.#text.length) return at
      at = this.#lines.end(at)
    }
  }

  /** The beginning of the line after the last one of an item. */
  #lineAfter(item: unknown): number {
    const last = lastLeaf(item)
    const [, end = this.#text.length] = last?.range ?? []
    const wholeLines = isScalar(last) && (last.type === 'BLOCK_LITERAL' || last.type === 'BLOCK_FOLDED')
    return wholeLines && this.#text[end - 1] === '\n' ? end : this.#lines.end(end)
  }

  /** Where the dash or the key of an item stands, which has its line for itself. */
  #startOfItem(place: YamlPlace, holder: Holder, index: number): number {
    const start = this.#markOf(place, holder, index)
    const indentation = this.#text.slice(this.#lines.start(start), start)
    return /^\uFEFF?[ ]*$/.test(indentation) ? start : this.refuse(place, 'shares its line: give it one of its own')
  }

  /** How far in an item is; the first key of one may stand behind its dash. */
  #columnOfItem(place: YamlPlace, holder: Holder, index: number): number {
    const start = this.#markOf(place, holder, index)
    const indentation = this.#text.slice(this.#lines.start(start), start)
    if (!/^\uFEFF?[ ]*(?:- +)*$/.test(indentation)) this.refuse(place, 'shares its line: give it one of its own')
    return this.#lines.columnOf(start)
  }

  #markOf(place: YamlPlace, holder: Holder, index: number): number {
    const start = isSeq(holder) ? dashOf(holder, index) : startOf(holder.items[index])
    return start ?? this.refuse(place, 'has no such item')
  }
}

/** Where the mapping beside it stands in one line, so does a new one. */
function isLikeFlow(holder: Holder, edit: Added): boolean {
  if (edit.kind !== 'item' || typeof edit.value !== 'object' || Object.keys(edit.value).length < 2) return false
  const index = indexOf(edit.position)
  return [holder.items[index - 1], holder.items[index]].some(item => isMap(item) && item.flow === true)
}

function depthOf(edit: YamlEdit | undefined): number {
  return edit?.place.path.length ?? 0
}

function linesOf(edit: Added): readonly string[] {
  if (edit.kind === 'item') return itemLines(edit.value)
  const { key, value } = edit
  if (typeof value !== 'object') return [`${scalarText(key)}: ${flowText(value)}`]
  const lines = isList(value) ? value.flatMap(itemLines) : blockLines(value)
  const short = isList(value) && value.every(item => typeof item !== 'object')
  return short && edit.place.path.length > 0
    ? [`${scalarText(key)}: ${flowText(value)}`]
    : [`${scalarText(key)}:`, ...lines.map(line => `  ${line}`)]
}

function flowOf(edit: Added, write: (value: YamlValue) => string): string {
  return edit.kind === 'item' ? write(edit.value) : `${write(edit.key)}: ${write(edit.value)}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value)
}
