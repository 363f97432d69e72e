import { GateError } from '../../domain/base/errors.ts'
import { refusalEntry } from '../../domain/base/refusal.ts'
import type { Admitted, Refused, Verdict } from '../../domain/decide/verdict.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import { type Artifact, strangerSource } from '../../domain/packaging/artifact.ts'
import type { Asker } from '../../flow/asker.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Policies } from '../policy/policies.ts'
import type { ClockGuard } from './clock-guard.ts'
import type { Pep740Watch } from './pep740-watch.ts'
import type { AtHand, Weigh } from './weigh.ts'

interface Options {
  readonly clock: ClockGuard
  readonly weigh: Weigh
  /** the same, of which nothing is remembered */
  readonly beside: Pick<Weigh, 'anyhow'>
  readonly memory: Memory
  readonly policies: Policies
  readonly watch: Pep740Watch
}

export interface Judge {
  /** Finding, then verdict: never "don't know, so yes". Throws unknown-…. */
  judge(artifact: Artifact, asker?: Asker): Promise<Verdict>
  /** The same where it is an admission and needs no waiting; `undefined` when it may be anything else. */
  atHand(artifact: Artifact): Admitted | undefined
}

/** How long a refusal that is certain waits for what would admit the file, ms. */
const PATIENCE = 2_000
/** After a look that came to nothing, nobody waits for another look at the same file for so long, ms. */
const LOOKS_AGAIN = 15_000

export function createJudge({ clock, weigh, beside, memory, policies, watch }: Options): Judge {
  /** A developer must learn that the mirror behind the gate has no attestations at all. */
  function nameTheUpstream(artifact: Artifact, verdict: Verdict): Verdict {
    if (verdict.kind === 'admitted' || verdict.code !== 'unattested') return verdict
    const notice = watch.noticeFor(artifact)
    return notice === undefined ? verdict : { ...verdict, notes: [...verdict.notes, notice] }
  }

  const unseen = keptWithin<string, true>({ bytes: 2 * 1024 * 1024, ttl: LOOKS_AGAIN })

  /**
   * A refusal that no provenance would undo, told with what would admit the file, which depends on who signed it, or as what is never
   * waived, where that is found. Where it cannot be found out soon, it is told without.
   */
  async function withALook(artifact: Artifact, refused: Refused, asker: Asker | undefined): Promise<Refused> {
    const key = `${artifact.project} ${artifact.sha256} ${artifact.filename.text}`
    if (unseen.has(key)) return refused
    const over = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => over.resolve(undefined), PATIENCE)
    try {
      const looking = beside.anyhow(artifact, asker)
      looking.catch(() => {}) // nobody may be waiting any more
      const weighed = await Promise.race([looking, over.promise])
      if (weighed === undefined || weighed.failure !== undefined) unseen.set(key, true)
      const verdict = weighed?.verdict
      if (verdict?.kind !== 'refused') return refused
      if (refusalEntry(verdict.code).hard) return verdict // what is known to be forged is told as that
      if (verdict.code !== refused.code) return refused
      const { admitWith, nothingAdmits, behind, identity, steps } = verdict
      return { ...refused, admitWith, nothingAdmits, behind, identity, steps }
    } catch (error) {
      if (!(error instanceof GateError)) throw error
      unseen.set(key, true)
      return refused
    } finally {
      clearTimeout(timer)
    }
  }

  function atHand(known: ProjectMemory): AtHand {
    return { memory: known, policy: policies.current(), now: clock.now() }
  }

  return {
    async judge(artifact, asker) {
      const known = await memory.of(artifact.project, artifact.filename.text, strangerSource(artifact))
      const unexamined = weigh.unexamined(artifact, atHand(known))
      if (unexamined === undefined) return nameTheUpstream(artifact, (await weigh.anyhow(artifact, asker)).verdict)
      if (unexamined.kind === 'admitted' || refusalEntry(unexamined.code).hard) return unexamined
      return await withALook(artifact, unexamined, asker)
    },
    atHand(artifact) {
      const known = memory.atHand(artifact.project, artifact.filename.text, strangerSource(artifact))
      return known === undefined ? undefined : weigh.admitted(artifact, atHand(known))
    },
  }
}
