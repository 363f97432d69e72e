import { isDeepStrictEqual } from 'node:util'
import {
  type Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { GateError } from '../../domain/base/errors.ts'
import type { TextFile, YamlPath } from '../yaml/yaml-document.ts'
import { changedValue, type ValueChange } from './changed-value.ts'
import { blockLines, flowText, itemLines, scalarText, type YamlValue } from './yaml-value.ts'

/** A place in a file of one or several documents. */
export interface YamlPlace {
  /** from 0 */
  readonly document: number
  readonly path: YamlPath
}

/** Where in its list or mapping something new stands; `after: -1` is before everything, its comments included. */
export type Position = { readonly after: number } | { readonly before: number }

/** The values of a file, one a document. Throws `policy-invalid` where it is not YAML. */
export function valuesOf(file: TextFile): readonly unknown[] {
  return parse(file).map(document => document.toJS({ maxAliasCount: 0 }) as unknown)
}

/**
 * Adds an item to the list at a place that is there. All else stays to the byte.
 *
 * @throws GateError `usage` naming file and line where that cannot be done in the text as it stands
 */
export function addItem(file: TextFile, place: YamlPlace, value: YamlValue, position: Position): TextFile {
  return changed(file, place, { kind: 'insert', value, index: indexOf(position) }, text => {
    const node = text.at(place)
    if (!isSeq(node)) return text.refuse(node, 'is no list')
    if (node.items.length === 0) return text.fill(place, node, itemLines(value))
    return node.flow === true
      ? text.insertInFlow(node, flowText(value), position)
      : text.insertInBlock(place, node, itemLines(value), position)
  })
}

/** Adds a key to the mapping at a place that is there; the same otherwise. */
export function addPair(
  file: TextFile,
  place: YamlPlace,
  [key, value]: readonly [string, YamlValue],
  position: Position,
): TextFile {
  return changed(file, { ...place, path: [...place.path, key] }, { kind: 'put', value }, text => {
    const node = text.at(place)
    if (!isMap(node)) return text.refuse(node, 'is no mapping')
    if (node.flow === true && node.items.length > 0)
      return text.insertInFlow(node, `${scalarText(key)}: ${flowText(value)}`, position)
    const lines = pairLines(key, value)
    if (node.items.length === 0) return text.fill(place, node, lines)
    const spread = place.path.length === 0 && text.hasGaps(node)
    return text.insertInBlock(place, node, spread ? ['', ...lines] : lines, position)
  })
}

/**
 * Takes out what stands at a place, and the list or mapping that would be left empty with it. The comment right above it goes
 * where it speaks of `named`.
 */
export function removeAt(file: TextFile, place: YamlPlace, named: string): TextFile {
  const [document] = parse(file).slice(place.document)
  const parent = nodeAt(document, place.path.slice(0, -1))
  if (place.path.length > 1 && isCollection(parent) && parent.items.length === 1)
    return removeAt(file, { ...place, path: place.path.slice(0, -1) }, named)
  return changed(file, place, { kind: 'remove' }, text => text.remove(place, named))
}

/** Writes another text in the place of one, with the quotes that it has. */
export function setText(file: TextFile, place: YamlPlace, value: string): TextFile {
  return changed(file, place, { kind: 'put', value }, text => {
    const node = text.at(place)
    if (!isScalar(node) || node.range == null) return text.refuse(node, 'is no text')
    const [start, end] = node.range
    const written =
      node.type === 'QUOTE_DOUBLE'
        ? JSON.stringify(value)
        : node.type === 'QUOTE_SINGLE' && !value.includes("'")
          ? `'${value}'`
          : node.type === 'PLAIN'
            ? scalarText(value)
            : undefined
    return written === undefined ? text.refuse(node, 'is written over several lines') : text.splice(start, end, written)
  })
}

function pairLines(key: string, value: YamlValue): readonly string[] {
  if (typeof value !== 'object') return [`${scalarText(key)}: ${flowText(value)}`]
  const lines = Array.isArray(value)
    ? value.flatMap(itemLines)
    : blockLines(value as Readonly<Record<string, YamlValue>>)
  return [`${scalarText(key)}:`, ...lines.map(line => `  ${line}`)]
}

function indexOf(position: Position): number {
  return 'after' in position ? position.after + 1 : position.before
}

/** The change, and a second reading of what came of it: another text that means anything else is never handed out. */
function changed(file: TextFile, place: YamlPlace, change: ValueChange, edit: (text: EditedText) => string): TextFile {
  const before = valuesOf(file)
  const editing = new EditedText(file)
  const text = edit(editing)
  const intended = before.map((value, index) =>
    index === place.document ? changedValue(value, place.path, change) : value,
  )
  const after = readBack({ path: file.path, text })
  if (after === undefined || !isDeepStrictEqual(after, intended))
    return editing.refuse(
      editing.at({ ...place, path: [] }),
      'is laid out so that it cannot be changed in place: do it by hand',
    )
  return { path: file.path, text }
}

function readBack(file: TextFile): readonly unknown[] | undefined {
  try {
    return valuesOf(file)
  } catch (error) {
    if (error instanceof GateError) return undefined
    throw error
  }
}

function parse({ path, text }: TextFile): readonly Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    schema: 'core',
    merge: false,
    keepSourceTokens: true,
    prettyErrors: false,
    logLevel: 'error',
  })
  const parsed = Array.isArray(documents) ? documents : []
  const [error] = parsed.flatMap(document => document.errors)
  if (error !== undefined) throw new GateError('policy-invalid', `${path}: not YAML: ${error.message.split('\n')[0]}`)
  return parsed
}

function nodeAt(document: Document.Parsed | undefined, path: YamlPath): unknown {
  let node: unknown = document?.contents
  for (const part of path) {
    if (isSeq(node)) node = node.items[Number(part)]
    else if (isMap(node)) node = node.items.find(({ key }) => isScalar(key) && key.value === part)?.value
    else return undefined
  }
  return node
}

/** The text of a file and where everything in it stands; its methods give the whole text with one thing changed. */
class EditedText {
  readonly #file: TextFile
  readonly #text: string
  readonly #documents: readonly Document.Parsed[]
  readonly #newline: string

  constructor(file: TextFile) {
    this.#file = file
    this.#text = file.text
    this.#documents = parse(file)
    this.#newline = /^[^\n]*\r\n/.test(file.text) ? '\r\n' : '\n'
  }

  at({ document, path }: YamlPlace): unknown {
    return nodeAt(this.#documents[document], path)
  }

  refuse(node: unknown, what: string): never {
    const counter = new LineCounter()
    for (const [offset, character] of [...this.#text].entries()) if (character === '\n') counter.addNewLine(offset + 1)
    const { line } = counter.linePos(startOf(node) ?? 0)
    throw new GateError('usage', `${this.#file.path}:${Math.max(line, 1)}: what stands here ${what}`)
  }

  splice(start: number, end: number, written: string): string {
    return this.#text.slice(0, start) + written + this.#text.slice(end)
  }

  /** Whether empty lines part the keys of a mapping. */
  hasGaps(node: YAMLMap): boolean {
    return node.items.some((pair, index) => {
      const start = startOf(pair)
      return index > 0 && start !== undefined && /\n[ \t]*\r?\n[^\n]*$/.test(this.#above(this.#lineStart(start)))
    })
  }

  /** What stands above a line, down to the comments that belong to it. */
  #above(line: number): string {
    return this.#text.slice(0, this.#commentsAbove(line))
  }

  /** Lines instead of `[]` or `{}`, which something follows only in its own line. */
  fill(place: YamlPlace, node: YAMLMap | YAMLSeq, lines: readonly string[]): string {
    const [start = 0, end = 0] = node.range ?? []
    const parent = this.at({ ...place, path: place.path.slice(0, -1) })
    const pair = isMap(parent) && parent.flow !== true ? parent.items.find(({ value }) => value === node) : undefined
    if (pair === undefined) return this.refuse(node, 'is empty, and in braces: write it in lines')
    const column = this.#columnOf(startOf(pair) ?? 0)
    const emptied = this.splice(start - (/ $/.test(this.#text.slice(0, start)) ? 1 : 0), end, '')
    const at = emptied.indexOf('\n', start - 1)
    const written = this.#indented(lines, column + 2)
    return at < 0
      ? emptied + this.#newline + written
      : `${emptied.slice(0, at + 1)}${written}${this.#newline}${emptied.slice(at + 1)}`
  }

  insertInBlock(place: YamlPlace, node: YAMLMap | YAMLSeq, lines: readonly string[], position: Position): string {
    const first = this.#startOfItem(node, 0)
    const column = this.#columnOf(first)
    const at = this.#lineFor(place, node, position)
    const written = this.#indented(lines, column)
    if (at === this.#text.length && !this.#text.endsWith('\n')) return `${this.#text}${this.#newline}${written}`
    return this.splice(at, at, written + this.#newline)
  }

  /** The beginning of the line that the new one becomes. */
  #lineFor(place: YamlPlace, node: YAMLMap | YAMLSeq, position: Position): number {
    if ('before' in position) return this.#lineStart(this.#startOfItem(node, position.before))
    if (position.after >= 0) return this.#afterItem(node, position.after)
    const parent = this.at({ ...place, path: place.path.slice(0, -1) })
    const pair = isMap(parent) ? parent.items.find(({ value }) => value === node) : undefined
    if (pair === undefined) return this.#lineStart(this.#startOfItem(node, 0))
    return this.#lineEnd(startOf(pair) ?? 0)
  }

  /** Behind an item and the comments below it that are further in. */
  #afterItem(node: YAMLMap | YAMLSeq, index: number): number {
    const column = this.#columnOf(this.#startOfItem(node, index))
    let at = this.#endOfItem(node.items[index])
    for (;;) {
      const [, indentation] = /^([ ]*)#[^\n]*(?:\n|$)/.exec(this.#text.slice(at)) ?? []
      if (indentation === undefined || indentation.length <= column || at >= this.#text.length) return at
      at = this.#lineEnd(at)
    }
  }

  /** The beginning of the line after the last one of an item. */
  #endOfItem(item: unknown): number {
    const last = lastLeaf(item)
    const [, end = this.#text.length] = last?.range ?? []
    const wholeLines = isScalar(last) && (last.type === 'BLOCK_LITERAL' || last.type === 'BLOCK_FOLDED')
    return wholeLines && this.#text[end - 1] === '\n' ? end : this.#lineEnd(end)
  }

  insertInFlow(node: YAMLMap | YAMLSeq, written: string, position: Position): string {
    const index = indexOf(position)
    const follower = node.items[index]
    if (follower !== undefined) {
      const start = startOf(follower) ?? 0
      return this.splice(start, start, `${written},${this.#gapBefore(start)}`)
    }
    const last = node.items[index - 1]
    const [, end = 0] = lastLeaf(last)?.range ?? []
    const start = startOf(last) ?? end
    const comma = /^\s*,/.exec(this.#text.slice(end))?.[0]
    const gap = this.#gapBefore(start)
    if (comma !== undefined) return this.splice(end + comma.length, end + comma.length, `${gap}${written},`)
    return this.splice(end, end, `,${gap}${written}`)
  }

  /** What parts an item from the one before it: a space, or a new line as far in. */
  #gapBefore(start: number): string {
    const indentation = this.#text.slice(this.#lineStart(start), start)
    return /^[ ]+$/.test(indentation) ? `${this.#newline}${indentation}` : ' '
  }

  remove({ document, path }: YamlPlace, named: string): string {
    const parent = this.at({ document, path: path.slice(0, -1) })
    if (!isMap(parent) && !isSeq(parent)) return this.refuse(parent, 'holds nothing')
    const last = path.at(-1)
    const index = isSeq(parent)
      ? Number(last)
      : parent.items.findIndex(({ key }) => isScalar(key) && key.value === last)
    const item = parent.items[index]
    if (item === undefined) return this.refuse(parent, 'does not hold what is to go')
    return parent.flow === true ? this.#removeFromFlow(parent, index) : this.#removeLines(parent, index, named)
  }

  #removeFromFlow(parent: YAMLMap | YAMLSeq, index: number): string {
    const next = parent.items[index + 1]
    const start = startOf(parent.items[index]) ?? 0
    if (next !== undefined) return this.splice(start, startOf(next) ?? start, '')
    const [, from = start] = lastLeaf(parent.items[index - 1])?.range ?? []
    const [, end = start] = lastLeaf(parent.items[index])?.range ?? []
    return this.splice(from, end, '')
  }

  #removeLines(parent: YAMLMap | YAMLSeq, index: number, named: string): string {
    const line = this.#lineStart(this.#startOfItem(parent, index))
    const above = this.#commentsAbove(line)
    const start = speaksOf(this.#text.slice(above, line), named) ? above : line
    const end = this.#afterItem(parent, index)
    // of two empty lines, one above and one below, one would be left over
    const parted = /(?:^|\n)\r?\n$/.test(this.#text.slice(0, start))
    const gap = parted ? (/^(?:\r?\n|$)/.exec(this.#text.slice(end))?.[0] ?? '') : ''
    return this.#withLastLine(this.splice(start, end + gap.length, ''))
  }

  /** A file whose last line did not end keeps it so. */
  #withLastLine(text: string): string {
    return this.#text.endsWith('\n') ? text : text.replace(/(?:\r?\n)+$/, '')
  }

  /** Where the comments begin that stand right above a line, as far in as it. */
  #commentsAbove(line: number): number {
    const column = /^ */.exec(this.#text.slice(line))?.[0].length ?? 0
    let at = line
    while (at > 0) {
      const previous = this.#lineStart(at - 1)
      const [, indentation] = /^( *)#/.exec(this.#text.slice(previous, at)) ?? []
      if (indentation?.length !== column) return at
      at = previous
    }
    return at
  }

  /** Where the dash or the key of an item stands, which has its line for itself. */
  #startOfItem(node: YAMLMap | YAMLSeq, index: number): number {
    const item = node.items[index]
    const start = isSeq(node) ? dashOf(node, index) : startOf(item)
    if (start === undefined) return this.refuse(node, 'has no such item')
    const indentation = this.#text.slice(this.#lineStart(start), start)
    return /^\uFEFF?[ ]*$/.test(indentation) ? start : this.refuse(item, 'shares its line: give it one of its own')
  }

  #columnOf(offset: number): number {
    return this.#text.slice(this.#lineStart(offset), offset).replace('\uFEFF', '').length
  }

  #lineStart(offset: number): number {
    return offset === 0 ? 0 : this.#text.lastIndexOf('\n', offset - 1) + 1
  }

  #lineEnd(offset: number): number {
    const at = this.#text.indexOf('\n', offset)
    return at < 0 ? this.#text.length : at + 1
  }

  #indented(lines: readonly string[], column: number): string {
    return lines.map(line => (line === '' ? '' : ' '.repeat(column) + line)).join(this.#newline)
  }
}

/** A project's name as a word of its own. */
function speaksOf(comment: string, named: string): boolean {
  const words = comment.toLowerCase().split(/[^a-z0-9._-]+/)
  return words.some(word => word.replace(/[.:]+$/, '') === named.toLowerCase())
}

function startOf(item: unknown): number | undefined {
  const node = isPair(item) ? (item.key as Node) : (item as Node | undefined)
  return node?.range?.[0]
}

/** What stands last in an item. */
function lastLeaf(item: unknown): Node | undefined {
  if (isPair(item)) {
    const { key, value } = item as Pair<Node, Node | null>
    return lastLeaf(value?.range == null ? key : value)
  }
  if (isCollection(item) && item.flow !== true && item.items.length > 0) return lastLeaf(item.items.at(-1))
  return item as Node | undefined
}

function dashOf({ srcToken }: YAMLSeq, index: number): number | undefined {
  const token = srcToken as { readonly items?: readonly { readonly start?: readonly SourceToken[] }[] } | undefined
  return token?.items?.[index]?.start?.find(({ type }) => type === 'seq-item-ind')?.offset
}

interface SourceToken {
  readonly type: string
  readonly offset: number
}
