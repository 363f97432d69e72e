import type { Sha256 } from '../../domain/base/digest.ts'
import type { Admitted, Refused, Verdict } from '../../domain/decide/verdict.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { DistFilename } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { MetadataBytes } from '../files/metadata.ts'
import type { OpenFile } from '../files/open-file.ts'

/** What of a gate a mirror asks: any gate is one. Each throws unknown-… for what cannot be determined. */
export interface FileGate {
  locateByName(project: ProjectName, filename: DistFilename): Promise<Artifact | Refused>
  judge(artifact: Artifact): Promise<Verdict>
  open(verdict: Admitted): Promise<OpenFile>
  metadata(verdict: Admitted): Promise<MetadataBytes | Refused>
}

/** A file that was asked for as a client would: it is admitted and its bytes are stored, or it is refused. */
export type Taken =
  | Refused
  | {
      readonly kind: 'taken'
      readonly verdict: Admitted
      /** bytes */
      readonly size: number
      /** of its METADATA, where there is one that may be given out beside it */
      readonly metadata: Sha256 | undefined
    }

/** What whoever takes a file wants to know on the way; what they throw ends it. */
export interface TakeSteps {
  located?(artifact: Artifact): void | Promise<void>
  judged?(verdict: Verdict): void
}

/** Verdict, then bytes, then METADATA. Throws unknown-…, integrity-mismatch, not-listed. */
export async function takeFile(
  { project, filename }: { readonly project: ProjectName; readonly filename: DistFilename },
  gate: FileGate,
  steps: TakeSteps = {},
): Promise<Taken> {
  const located = await gate.locateByName(project, filename)
  if ('kind' in located) return located
  await steps.located?.(located)
  const verdict = await gate.judge(located)
  steps.judged?.(verdict)
  if (verdict.kind === 'refused') return verdict
  const opened = await gate.open(verdict)
  if (opened.kind === 'stored') opened.blob.close()
  else await opened.stored
  // that what lies inside the wheel is not given out beside it says nothing against the wheel
  const beside = located.coreMetadata === undefined ? undefined : await gate.metadata(verdict)
  const metadata = beside?.kind === 'metadata' ? beside.sha256 : undefined
  return { kind: 'taken', verdict, size: opened.file.size, metadata }
}
