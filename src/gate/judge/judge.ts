import type { Admitted, Verdict } from '../../domain/decide/verdict.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Policies } from '../policy/policies.ts'
import type { ClockGuard } from './clock-guard.ts'
import type { Pep740Watch } from './pep740-watch.ts'
import type { AtHand, Weigh } from './weigh.ts'

interface Options {
  readonly clock: ClockGuard
  readonly weigh: Weigh
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

export function createJudge({ clock, weigh, memory, policies, watch }: Options): Judge {
  /** A developer must learn that the mirror behind the gate has no attestations at all. */
  function nameTheUpstream(artifact: Artifact, verdict: Verdict): Verdict {
    if (verdict.kind === 'admitted' || verdict.code !== 'unattested') return verdict
    const notice = watch.noticeFor(artifact)
    return notice === undefined ? verdict : { ...verdict, notes: [...verdict.notes, notice] }
  }

  function atHand(known: ProjectMemory): AtHand {
    return { memory: known, policy: policies.current(), now: clock.now() }
  }

  return {
    async judge(artifact, asker) {
      const known = await memory.of(artifact.project)
      const unexamined = weigh.unexamined(artifact, atHand(known))
      return unexamined ?? nameTheUpstream(artifact, (await weigh.anyhow(artifact, asker)).verdict)
    },
    atHand(artifact) {
      const known = memory.atHand(artifact.project)
      return known === undefined ? undefined : weigh.admitted(artifact, atHand(known))
    },
  }
}
