import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Events } from '../../observe/events.ts'

const ENOUGH = 20

/** Notices an upstream that serves files but speaks no PEP 740: many company mirrors do. */
export interface Pep740Watch {
  /** The page had no `provenance` key, and the Integrity API answered 404. */
  absent(artifact: Artifact): void
  /** Some provenance came, or the index has the key. */
  present(): void
  /** What to say, once twenty different files had nothing and none had something. */
  notice(): string | undefined
}

const NOTICE =
  'The configured upstream seems to speak no PEP 740 (no provenance key on its pages, 404 from its Integrity API): set upstream.integrity to an index that does, such as the one it mirrors.'

export function createPep740Watch(events: Events): Pep740Watch {
  const silent = new Set<string>()
  let spoke = false
  return {
    absent(artifact) {
      if (spoke || silent.size >= ENOUGH) return
      if (artifact.provenance !== 'unsaid') {
        spoke = true
        return
      }
      silent.add(artifact.filename.text)
      if (silent.size === ENOUGH) events.emit({ type: 'no-pep740-upstream', detail: NOTICE })
    },
    present() {
      spoke = true
      silent.clear()
    },
    notice: () => (silent.size >= ENOUGH ? NOTICE : undefined),
  }
}
