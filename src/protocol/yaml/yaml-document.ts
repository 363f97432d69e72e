import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml'
import { type NonEmpty, nonEmpty } from '../../domain/base/brand.ts'
import type { Diagnostic } from './diagnostic.ts'

export interface TextFile {
  readonly path: string
  readonly text: string
}

export type YamlPath = readonly (string | number)[]

/** A document of plain maps, lists and scalars, and where each of them stands. */
export interface YamlDocument {
  readonly file: string
  readonly value: unknown
  /** The diagnostic at a value, or at its nearest ancestor that exists. */
  at(path: YamlPath, message: string): Diagnostic
  /** The same at the key that holds the value. */
  atKey(path: YamlPath, message: string): Diagnostic
  /** As written, quotes apart: `0123` where the value is 123. */
  source(path: YamlPath): string | undefined
}

const LARGEST = 1024 * 1024
const FORBIDDEN_KEYS: readonly string[] = ['<<', '__proto__']

/** What stands against a file that is not read. */
interface Unread {
  readonly diagnostics: NonEmpty<Diagnostic>
}

/**
 * YAML 1.2 core schema, and of it only what a policy needs: one document of at most 1 MiB; no anchors, aliases, tags,
 * directives, merge keys or duplicate keys; every key is text.
 */
export function readYaml(file: TextFile): YamlDocument | Unread {
  return bounded(file, () => {
    const counter = new LineCounter()
    return readOne(file, parseDocument(file.text, { ...STRICT, lineCounter: counter }), counter)
  })
}

/**
 * The same of a file of several documents, in their order, apart from those that say nothing: what stands before the first
 * `---`, or after the last. A file that says nothing at all is one document.
 */
export function readYamlDocuments(file: TextFile): NonEmpty<YamlDocument> | Unread {
  return bounded(file, () => {
    const counter = new LineCounter()
    const parsed = parseAllDocuments(file.text, { ...STRICT, lineCounter: counter })
    const read = [...parsed].map((document, at) => readOne(file, document, counter, parsed[at - 1]?.range?.[2]))
    const wrong = nonEmpty(read.flatMap(one => ('diagnostics' in one ? one.diagnostics : [])))
    if (wrong !== undefined) return { diagnostics: wrong }
    const documents = read.flatMap(one => ('diagnostics' in one ? [] : [one]))
    const saying = nonEmpty(documents.filter(({ value }) => value !== null)) ?? nonEmpty(documents.slice(0, 1))
    if (saying !== undefined) return saying
    const empty = readYaml({ ...file, text: '' })
    return 'diagnostics' in empty ? empty : [empty]
  })
}

const STRICT = {
  schema: 'core',
  uniqueKeys: false, // it compares each pair of keys; they are looked at below, each once
  merge: false,
  prettyErrors: false,
  logLevel: 'error', // `silent` would drop the error that says there is a second document
} as const

function bounded<Read>({ path: file, text }: TextFile, read: () => Read): Read | Unread {
  const whole = (message: string): Diagnostic => ({ file, line: 1, column: 1, path: '', message })
  if (Buffer.byteLength(text) > LARGEST) return { diagnostics: [whole('the file is larger than 1 MiB')] }
  try {
    return read()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { diagnostics: [whole('the file is nested too deeply')] }
  }
}

type Parsed = Document.Parsed | ReturnType<typeof parseDocument>

/** `from`: where the document before ends. */
function readOne(
  { path: file, text }: TextFile,
  document: Parsed,
  counter: LineCounter,
  from = 0,
): YamlDocument | Unread {
  const place = (offset: number) => {
    const { line, col } = counter.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const syntax = [...document.errors, ...document.warnings].map(
    (error): Diagnostic => ({ file, ...place(error.pos[0]), path: '', message: sentence(error.code, error.message) }),
  )
  const root = document.contents
  const forbidden = forbiddenIn(document, (offset, message) => ({ file, ...place(offset), path: '', message }))
  if (document.directives?.yaml.explicit === true || /^%/m.test(text.slice(from, root?.range?.[0] ?? from)))
    forbidden.push({ file, ...place(from), path: '', message: 'directives are not allowed' })
  const diagnostics = nonEmpty([...syntax, ...forbidden].sort((a, b) => a.line - b.line || a.column - b.column))
  if (diagnostics !== undefined) return { diagnostics }
  const offset = (node: Node | undefined) => place(node?.range?.[0] ?? from)
  return {
    file,
    value: document.toJS({ maxAliasCount: 0 }) as unknown,
    at: (path, message) => ({ file, ...offset(find(root, path).value), path: printPath(path), message }),
    atKey(path, message) {
      const found = find(root, path)
      return { file, ...offset(found.key ?? found.value), path: printPath(path), message }
    },
    source(path) {
      const { value } = find(root, path)
      return isScalar(value) ? value.source : undefined
    },
  }
}

function forbiddenIn(document: Parsed, place: (offset: number, message: string) => Diagnostic): Diagnostic[] {
  const forbidden: Diagnostic[] = []
  const forbid = (node: Node, message: string) => void forbidden.push(place(node.range?.[0] ?? 0, message))
  visit(document, (_, node) => {
    if (isPair(node) && !(isScalar(node.key) && typeof node.key.value === 'string'))
      forbid(isNode(node.key) ? node.key : (document.contents as Node), 'a key must be text')
    if (isPair(node) && isScalar(node.key) && FORBIDDEN_KEYS.includes(String(node.key.value)))
      forbid(node.key, `the key "${String(node.key.value)}" is not allowed`)
    if (isMap(node)) for (const key of repeatedIn(node)) forbid(key, 'this key stands here twice')
    if (isAlias(node)) forbid(node, `aliases are not allowed: write the value out instead of *${node.source}`)
    if (!isScalar(node) && !isCollection(node)) return
    if (node.anchor !== undefined) forbid(node, `anchors are not allowed: &${node.anchor}`)
    if (node.tag !== undefined) forbid(node, `tags are not allowed: ${node.tag}`)
  })
  return forbidden
}

/** Keys that stood in the map before. */
export function repeatedIn({ items }: YAMLMap): readonly Node[] {
  const seen = new Set<unknown>()
  return items.flatMap(({ key }) => {
    if (!isScalar(key)) return []
    if (seen.has(key.value)) return [key]
    seen.add(key.value)
    return []
  })
}

function find(root: Node | null, path: YamlPath): { readonly key: Node | undefined; readonly value: Node | undefined } {
  let found: { key: Node | undefined; value: Node | undefined } = { key: undefined, value: root ?? undefined }
  for (const part of path) {
    const next = step(found.value, part)
    if (next === undefined) return { key: undefined, value: found.value }
    found = next
  }
  return found
}

function step(
  node: Node | undefined,
  part: string | number,
): { readonly key: Node | undefined; readonly value: Node | undefined } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(part)]
    return isNode(item) ? { key: undefined, value: item } : undefined
  }
  if (!isMap(node)) return undefined
  const pair = pairsOf(node).get(part)
  if (pair === undefined || !isNode(pair.key)) return undefined
  return { key: pair.key, value: isNode(pair.value) ? pair.value : pair.key }
}

const pairs = new WeakMap<YAMLMap, ReadonlyMap<unknown, YAMLMap['items'][number]>>()

/** By key: a map of thousands of keys is asked for each of them. */
function pairsOf(map: YAMLMap): ReadonlyMap<unknown, YAMLMap['items'][number]> {
  const known = pairs.get(map)
  if (known !== undefined) return known
  // of keys that are repeated the first stands
  const made = new Map(
    map.items.toReversed().flatMap(pair => (isScalar(pair.key) ? [[pair.key.value, pair] as const] : [])),
  )
  pairs.set(map, made)
  return made
}

/** `projects[3].publishers[0]`; keys that are not words stand in brackets. */
function printPath(path: YamlPath): string {
  return path
    .map(part => {
      if (typeof part === 'number') return `[${part}]`
      return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`
    })
    .join('')
    .replace(/^\./, '')
}

function sentence(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'the file must hold one YAML document'
  const [first = message] = message.split('\n')
  return `not YAML: ${first}`
}
