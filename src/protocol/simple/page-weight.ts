import { inGroups, type Steps } from '../../flow/steps.ts'
import { type Dropped, formedText, freeText, type IndexFile, type ProjectIndex } from './project-index.ts'

/** bytes, about, that an entry takes beside its texts: its objects, their places in maps, and the heads of some ten texts */
const PER_FILE = 720
/** and what a page takes beside its entries */
const PER_PAGE = 1_024
/** and any text beside its characters */
const PER_TEXT = 32

/** Bytes that an entry takes, about. What has a form is ASCII; in what has none, one odd character makes each take two. */
function fileWeight(file: IndexFile): number {
  return PER_FILE + formedText(file) + 2 * freeText(file)
}

/** Bytes that a page takes while it is kept, about: by what it holds, for an entry may hold a hundred bytes or ten thousand. */
export function* pageWeight(index: ProjectIndex): Steps<number> {
  const { files, versions = [], dropped, warnings = [], statusReason = '' } = index
  let weight = PER_PAGE + textWeight([...warnings, statusReason])
  for (const group of inGroups(files)) {
    for (const file of group) weight += fileWeight(file)
    yield
  }
  for (const group of inGroups(versions)) {
    weight += textWeight(group)
    yield
  }
  for (const group of inGroups(dropped)) {
    weight += textWeight(group.map(shownOf))
    yield
  }
  return weight
}

function shownOf({ filename, why }: Dropped): string {
  return typeof filename === 'string' ? filename + why : why
}

function textWeight(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + PER_TEXT + 2 * length, 0)
}
