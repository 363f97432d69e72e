import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { type Artifact, strangerSource } from '../../domain/packaging/artifact.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Examine } from './examine.ts'

interface Options {
  readonly examine: Examine
  readonly memory: Memory
  /** documents by content */
  readonly kept: (sha256: Sha256) => Promise<Buffer | undefined>
  readonly now: () => Instant
}

/** The provenance bytes of a listed file that were verified. Throws no-provenance, unknown-…. */
export function createProvenance(options: Options): (artifact: Artifact, asker?: Asker) => Promise<Buffer> {
  const { examine, memory, kept, now } = options
  return async (artifact, asker) => {
    const moment = now()
    const known = examine.known(
      artifact,
      await memory.of(artifact.project, undefined, strangerSource(artifact)),
      moment,
    )
    if (known?.finding.kind === 'attested') {
      const bytes = await kept(known.finding.provenanceSha256)
      if (bytes !== undefined) return bytes
    } else if (known !== undefined && examine.lasting(known, moment, 'refused')) throw none(artifact)
    const { finding } = await examine.anew(artifact, asker)
    const bytes = finding.kind === 'attested' ? await kept(finding.provenanceSha256) : undefined
    if (bytes === undefined)
      throw new GateError('no-provenance', `no provenance that verifies for ${artifact.filename.text}`)
    return bytes
  }
}

function none({ filename }: Artifact): GateError {
  return new GateError('no-provenance', `no provenance for ${filename.text}`)
}
