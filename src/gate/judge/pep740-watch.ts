import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Events } from '../../observe/events.ts'

const ENOUGH = 20

/** Notices an upstream that serves files but speaks no PEP 740: many company mirrors do. */
export interface Pep740Watch {
  /** The page had no `provenance` key, and the Integrity API answered 404. */
  absent(artifact: Artifact): void
  /** Some provenance came, or the index has the key. */
  present(): void
  /** What to say of the upstream, once twenty different files had nothing and none had something. */
  notice(): string | undefined
  /** What to say with the refusal of this file, from the first one on where the pages themselves tell. */
  noticeFor(artifact: Artifact): string | undefined
}

/** Where the Integrity API is the index's own, because nobody named another. */
const UNSET =
  'The configured upstream seems to speak no PEP 740 (no provenance key on its pages, 404 from its Integrity API): set upstream.integrity to an index that does, such as the one it mirrors.'
/** Where it was named, advice to name one would be no help. */
const SET =
  'The index’s pages have no provenance key, and upstream.integrity answered 404 for every file so far: it may name an index that speaks no PEP 740, or one that the upstream does not mirror.'

export function createPep740Watch(
  events: Events,
  { ownIntegrity }: { /** the Integrity API is asked at the index itself */ readonly ownIntegrity: boolean },
): Pep740Watch {
  const silent = new Set<string>()
  let spoke = false
  const text = ownIntegrity ? UNSET : SET
  const notice = (): string | undefined => (silent.size >= ENOUGH ? text : undefined)
  return {
    absent(artifact) {
      if (spoke || silent.size >= ENOUGH) return
      if (artifact.provenance !== 'unsaid') {
        spoke = true
        return
      }
      silent.add(artifact.filename.text)
      if (silent.size === ENOUGH) events.emit({ type: 'no-pep740-upstream', detail: text })
    },
    present() {
      spoke = true
      silent.clear()
    },
    notice,
    // one 404 of an Integrity API that was named with care says nothing; a page without the key beside one's own does
    noticeFor: ({ provenance }) => (ownIntegrity && !spoke && provenance === 'unsaid' ? text : notice()),
  }
}
