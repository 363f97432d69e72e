import type { SourceName } from '../../domain/base/source-name.ts'
import { type Artifact, strangerSource } from '../../domain/packaging/artifact.ts'
import type { Events } from '../../observe/events.ts'
import { INTEGRITY_SETTING, type Integrity } from '../../ports/outward.ts'

const ENOUGH = 20

/** Notices an upstream that serves files but speaks no PEP 740: many company mirrors do. */
export interface Pep740Watch {
  /** The page had no `provenance` key, and the Integrity API answered 404. */
  absent(artifact: Artifact): void
  /** Some provenance came. */
  present(artifact: Artifact): void
  /** What to say of an upstream, once twenty different files had nothing and none had something. */
  notice(): string | undefined
  /** What to say with the refusal of this file, from the first one on where the pages themselves tell. */
  noticeFor(artifact: Artifact): string | undefined
}

/** Where the Integrity API is the index's own, because nobody named another. */
const unset = (setting: string): string =>
  `${whoIs(setting)} seems to speak no PEP 740 (no provenance key on its pages, 404 from its Integrity API): set ${setting} to an index that does, such as the one it mirrors.`
/** Where it was named, advice to name one would be no help. */
const set = (setting: string): string =>
  `The index’s pages have no provenance key, and ${setting} answered 404 for every file so far: it may name an index that speaks no PEP 740, or one that it does not mirror.`

function whoIs(setting: string): string {
  const [, source] = /^sources\.([^.]+)\./.exec(setting) ?? []
  return source === undefined ? 'The configured upstream' : `The source ${source}`
}

/** What one upstream has had so far. */
interface Heard {
  readonly silent: Set<string>
  spoke: boolean
  /** the Integrity API is its own */
  readonly isOwn: boolean
  /** what there is to say of it */
  readonly text: string
}

export function createPep740Watch(
  events: Events,
  integrity: Pick<Integrity, 'isOwnOrigin' | 'settingOf'>,
): Pep740Watch {
  const upstreams = new Map<SourceName | undefined, Heard>()

  function heardOf(artifact: Artifact): Heard {
    const { source, project } = artifact
    const known = upstreams.get(source)
    if (known !== undefined) return known
    const stranger = strangerSource(artifact)
    const isOwn = integrity.isOwnOrigin(project, stranger)
    const setting = integrity.settingOf?.(project, stranger) ?? INTEGRITY_SETTING
    const heard = { silent: new Set<string>(), spoke: false, isOwn, text: isOwn ? unset(setting) : set(setting) }
    upstreams.set(source, heard)
    return heard
  }

  function noticeOf({ silent, text }: Heard): string | undefined {
    return silent.size < ENOUGH ? undefined : text
  }

  return {
    absent(artifact) {
      const heard = heardOf(artifact)
      const { silent } = heard
      if (heard.spoke || silent.size >= ENOUGH) return
      if (artifact.provenance !== 'unsaid') {
        heard.spoke = true
        return
      }
      silent.add(artifact.filename.text)
      const notice = noticeOf(heard)
      if (notice !== undefined) events.emit({ type: 'no-pep740-upstream', detail: notice })
    },
    present(artifact) {
      const heard = heardOf(artifact)
      heard.spoke = true
      heard.silent.clear()
    },
    notice() {
      const notices = [...upstreams.values()].flatMap(heard => noticeOf(heard) ?? [])
      return notices.length === 0 ? undefined : notices.join(' ')
    },
    // one 404 of an Integrity API that was named with care says nothing; a page without the key beside one's own does
    noticeFor(artifact) {
      const heard = heardOf(artifact)
      const isSilent = heard.isOwn && !heard.spoke && artifact.provenance === 'unsaid'
      return isSilent ? heard.text : noticeOf(heard)
    },
  }
}
