import {
  type Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { GateError } from '../../domain/base/errors.ts'
import { repeatedIn, type TextFile, type YamlPath } from '../yaml/yaml-document.ts'

/** A list or a mapping. */
export type Holder = YAMLMap | YAMLSeq

const known = new WeakMap<TextFile, readonly Document.Parsed[]>()

/** The documents of a file, with the tokens that they were read from; `policy-invalid` where it is not YAML. */
export function documentsOf(file: TextFile): readonly Document.Parsed[] {
  const documents = known.get(file) ?? parse(file)
  known.set(file, documents)
  return documents
}

function parse({ path, text }: TextFile): readonly Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    schema: 'core',
    merge: false,
    uniqueKeys: false, // it compares each pair of keys
    keepSourceTokens: true,
    prettyErrors: false,
    logLevel: 'error',
  })
  const parsed = Array.isArray(documents) ? documents : []
  const [error] = parsed.flatMap(document => document.errors)
  if (error !== undefined) throw new GateError('policy-invalid', `${path}: not YAML: ${error.message.split('\n')[0]}`)
  for (const document of parsed)
    visit(document, {
      Map(_, map) {
        if (repeatedIn(map).length > 0) throw new GateError('policy-invalid', `${path}: a key stands there twice`)
      },
    })
  return parsed
}

/** The values of a file, one a document. Throws `policy-invalid` where it is not YAML. */
export function valuesOf(file: TextFile): readonly unknown[] {
  return documentsOf(file).map(document => document.toJS({ maxAliasCount: 0 }) as unknown)
}

export function nodeAt(document: Document.Parsed | undefined, path: YamlPath): unknown {
  let node: unknown = document?.contents
  for (const part of path) {
    if (isSeq(node)) node = node.items[Number(part)]
    else if (isMap(node)) node = node.items.find(({ key }) => isScalar(key) && key.value === part)?.value
    else return undefined
  }
  return node
}

/** Where the value of an item begins, or its key where it has one. */
export function startOf(item: unknown): number | undefined {
  const node = isPair(item) ? (item.key as Node) : (item as Node | undefined)
  return node?.range?.[0]
}

/** Where an item ends, comments apart. */
export function endOf(item: unknown): number | undefined {
  return lastLeaf(item)?.range?.[1]
}

/** What stands last in an item. */
export function lastLeaf(item: unknown): Node | undefined {
  if (isPair(item)) {
    const { key, value } = item as Pair<Node, Node | null>
    return lastLeaf(value?.range == null ? key : value)
  }
  if (isCollection(item) && item.flow !== true && item.items.length > 0) return lastLeaf(item.items.at(-1))
  return item as Node | undefined
}

interface SourceToken {
  readonly type: string
  readonly offset: number
}

/** Where the dash of an item stands. */
export function dashOf({ srcToken }: YAMLSeq, index: number): number | undefined {
  const token = srcToken as { readonly items?: readonly { readonly start?: readonly SourceToken[] }[] } | undefined
  return token?.items?.[index]?.start?.find(({ type }) => type === 'seq-item-ind')?.offset
}
