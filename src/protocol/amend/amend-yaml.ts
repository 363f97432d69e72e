import { isDeepStrictEqual } from 'node:util'
import { isCollection } from 'yaml'
import { GateError } from '../../domain/base/errors.ts'
import type { TextFile, YamlPath } from '../yaml/yaml-document.ts'
import { changedValue, type ValueChange } from './changed-value.ts'
import { documentsOf, nodeAt, valuesOf } from './parsed-yaml.ts'
import { indexOf, type YamlEdit } from './yaml-edit.ts'
import { YamlSplices } from './yaml-splices.ts'

/**
 * A file with some things changed; all else stays to the byte. What comes of it is read again: a text that means anything
 * else is never handed out.
 *
 * @throws GateError `usage` naming file and line where a change cannot be made in the text as it stands
 */
export function amendYaml(file: TextFile, edits: readonly YamlEdit[]): TextFile {
  if (edits.length === 0) return file
  const wide = edits.flatMap(edit => widened(file, edit, edits))
  const splices = new YamlSplices(file)
  const text = splices.apply(wide)
  const values = valuesOf(file)
  const intended = values.map((value, document) =>
    changedValue(value, inOrder(wide.filter(({ place }) => place.document === document)).map(changeOf)),
  )
  const amended = { path: file.path, text }
  const [first] = wide
  if (first !== undefined && !isDeepStrictEqual(readBack(amended), intended))
    splices.refuse(first.place, 'is laid out so that it cannot be changed in place: do it by hand')
  return amended
}

/** What stands before an item comes after what was put behind the one above it. */
function inOrder(edits: readonly YamlEdit[]): readonly YamlEdit[] {
  const rank = (edit: YamlEdit) => ('position' in edit && 'before' in edit.position ? 1 : 0)
  return edits.toSorted((a, b) => rank(a) - rank(b))
}

function changeOf(edit: YamlEdit): ValueChange {
  const { path } = edit.place
  switch (edit.kind) {
    case 'item':
      return { kind: 'insert', path, index: indexOf(edit.position), value: edit.value }
    case 'pair':
      return { kind: 'put', path: [...path, edit.key], value: edit.value }
    case 'text':
      return { kind: 'put', path, value: edit.value }
    case 'remove':
      return { kind: 'remove', path }
    default:
      return edit satisfies never
  }
}

function readBack(file: TextFile): readonly unknown[] | undefined {
  try {
    return valuesOf(file)
  } catch (error) {
    if (error instanceof GateError) return undefined
    throw error
  }
}

type Removal = Extract<YamlEdit, { kind: 'remove' }>

/** Instead of everything that a list or mapping holds, it goes itself. */
function widened(file: TextFile, edit: YamlEdit, edits: readonly YamlEdit[]): readonly YamlEdit[] {
  if (edit.kind !== 'remove') return [edit]
  const wide = widest(file, edit, edits)
  const [first] = wide === edit ? [edit] : edits.filter(other => isWithin(other, wide.place.path))
  return first === edit ? [wide] : []
}

function isWithin({ kind, place }: YamlEdit, path: YamlPath): boolean {
  return kind === 'remove' && path.every((part, index) => place.path[index] === part)
}

function widest(file: TextFile, edit: Removal, edits: readonly YamlEdit[]): Removal {
  const { document, path } = edit.place
  const holder = path.slice(0, -1)
  const node = nodeAt(documentsOf(file)[document], holder)
  if (holder.length === 0 || !isCollection(node)) return edit
  const gone = new Set(
    edits.flatMap(({ kind, place }) =>
      kind === 'remove' &&
      place.document === document &&
      place.path.length === path.length &&
      isDeepStrictEqual(place.path.slice(0, -1), holder)
        ? [place.path.at(-1)]
        : [],
    ),
  )
  return gone.size < node.items.length ? edit : widest(file, { ...edit, place: { document, path: holder } }, edits)
}
