import type { Clock } from '../../domain/base/instant.ts'
import { type Artifact, strangerSource } from '../../domain/packaging/artifact.ts'
import type { Memory } from '../../ports/memory.ts'

/**
 * To be told of every file whose bytes were had or proved with the sha256 that the index gives: from then on that is its sha256,
 * whatever the index says later. Costs a look at what is at hand where it is known. Throws unknown-store.
 */
export type Settle = (artifact: Artifact) => Promise<void> | undefined

export function createSettle({ memory, clock }: { readonly memory: Memory; readonly clock: Clock }): Settle {
  async function learn(artifact: Artifact): Promise<void> {
    const {
      project,
      filename: { text: filename },
      sha256,
    } = artifact
    const source = strangerSource(artifact)
    const { settled, sightings } = await memory.of(project, undefined, source)
    const seen = sightings.get(filename)
    if (settled.has(filename) || seen === undefined || (seen.sha256 ?? sha256) !== sha256) return
    await memory.learn(project, { settled: [{ filename, sha256, at: clock() }] }, source)
  }

  return artifact => {
    const isKnown =
      memory.atHand(artifact.project, undefined, strangerSource(artifact))?.settled.has(artifact.filename.text) === true
    return isKnown ? undefined : learn(artifact)
  }
}
