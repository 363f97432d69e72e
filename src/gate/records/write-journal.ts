import type { Instant } from '../../domain/base/instant.ts'
import { identityOfVerdict } from '../../domain/decide/decide.ts'
import type { Refused, RefusedFile, Verdict } from '../../domain/decide/verdict.ts'
import type { RuleRef } from '../../domain/policy/rule-ref.ts'
import type { Events } from '../../observe/events.ts'
import type { Asked, Journal, JournalEntry } from '../../ports/store.ts'
import type { Explained } from './explained.ts'

interface Options {
  readonly journal: Journal
  readonly events: Events
  readonly explained: Pick<Explained, 'keep'>
  readonly clock: () => Instant
  readonly trustDigest: () => string | undefined
  /** what the configuration calls the index */
  readonly index: string | undefined
  /** there are several sources, so that a row says which one its project was of */
  readonly isSourced?: boolean | undefined
  /** the same text without any secret of the configuration */
  readonly clean: (text: string) => string
}

/** What a verdict says of itself in the journal. */
interface Told {
  readonly file: RefusedFile
  /** refusal code, or what an admission rests on */
  readonly code: string
  readonly rule: RuleRef | undefined
  readonly policyDigest: string
  readonly wouldRefuse: Refused | undefined
}

/** How a verdict that is given out is written down. */
export interface WriteJournal {
  /** One line in the journal, and the event. Throws `unknown-store` where nothing can be written down: then nothing is given out. */
  journal(verdict: Verdict, asked: Asked, startedMs: number): void
  /** The line alone, before anything leaves; what it returns is the event, for when it has. */
  record(verdict: Verdict, asked: Asked): (startedMs: number) => void
}

export function createWriteJournal(options: Options): WriteJournal {
  const { journal, events, explained, clock, trustDigest, index, isSourced, clean } = options
  const record: WriteJournal['record'] = (verdict, { address: client, subject }) => {
    const { file, code, rule, policyDigest, wouldRefuse } = tell(verdict)
    const { project, sha256, source } = file
    const filename = clean(file.filename)
    const identity = cleanIdentity(identityOfVerdict(verdict), clean)
    const refused = verdict.kind === 'refused' ? verdict : wouldRefuse
    const lookalike = refused?.file.lookalike
    journal.record({
      at: clock(),
      filename,
      project,
      sha256,
      outcome: verdict.kind,
      code: wouldRefuse === undefined ? code : `audit:${wouldRefuse.code}`,
      rule: rule?.id,
      identity,
      policyDigest,
      trustDigest: trustDigest(),
      client,
      subject,
      index,
      ...(isSourced !== true || source === undefined ? {} : { source }),
    })
    return startedMs =>
      events.emit({
        type: 'verdict',
        outcome: verdict.kind,
        code,
        project,
        filename,
        sha256,
        rule: rule?.id,
        identity: identity?.san,
        client,
        subject,
        index,
        ms: performance.now() - startedMs,
        explain: refused && explained.keep(refused === wouldRefuse ? { ...refused, watched: true } : refused),
        wouldRefuse: wouldRefuse?.code,
        ...(lookalike === undefined ? {} : { lookalike }),
      })
  }
  return { record, journal: (verdict, asked, startedMs) => record(verdict, asked)(startedMs) }
}

/** The claims are somebody else's words. */
function cleanIdentity(identity: JournalEntry['identity'], clean: Options['clean']): JournalEntry['identity'] {
  if (identity === undefined) return undefined
  const { issuer, san, repository, workflow, ref, commit } = identity
  const cleaned = (text: string | undefined): string | undefined => (text === undefined ? undefined : clean(text))
  return {
    issuer: clean(issuer),
    san: clean(san),
    repository: cleaned(repository),
    workflow: cleaned(workflow),
    ref: cleaned(ref),
    ...(commit === undefined ? {} : { commit: clean(commit) }),
  }
}

function tell(verdict: Verdict): Told {
  if (verdict.kind === 'refused') return { ...verdict, wouldRefuse: undefined }
  const { artifact, by, rule, policyDigest, wouldRefuse } = verdict.facts
  const { project, source, filename, sha256 } = artifact
  const file = { project, source, version: filename.version, filename: filename.text, sha256 }
  return { file, code: by, rule, policyDigest, wouldRefuse }
}
