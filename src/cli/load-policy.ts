import { resolve } from 'node:path'
import { GateError } from '../domain/errors.ts'
import type { ProjectName } from '../domain/name.ts'
import { readPolicyFiles } from '../gate/policy-files.ts'
import type { Records } from '../ports.ts'
import { formatDiagnostic } from '../protocol/diagnostic.ts'
import { type LoadedPolicy, loadPolicy } from '../protocol/policy-yaml.ts'
import { nearPath } from './render-explanation.ts'
import type { Services } from './services.ts'

export type CompiledPolicy = Extract<LoadedPolicy, { policy: unknown }>

/** The files or folders of a policy, named from where the command runs. Throws `policy-invalid` where they cannot be read. */
export async function readPolicy(
  paths: readonly string[],
  services: Pick<Services, 'clock' | 'openReadRoot'>,
): Promise<LoadedPolicy> {
  const files = readPolicyFiles(paths.map(path => resolve(path))).map(({ path, text }) => ({
    path: nearPath(path),
    text,
  }))
  return loadPolicy(files, services.clock(), await services.openReadRoot())
}

/** As {@link readPolicy}; throws `policy-invalid` with every diagnostic where it does not compile. */
export async function compilePolicyFiles(
  paths: readonly string[],
  services: Pick<Services, 'clock' | 'openReadRoot'>,
): Promise<CompiledPolicy> {
  const loaded = await readPolicy(paths, services)
  if ('policy' in loaded) return loaded
  throw new GateError('policy-invalid', loaded.diagnostics.map(formatDiagnostic).join('\n'))
}

/** Names that the gate has seen, where its data folder can be read; none is no reason to fail. */
export function seenProjects(records: Records | undefined): readonly ProjectName[] {
  try {
    return records?.projects() ?? []
  } catch (error) {
    if (error instanceof GateError) return []
    throw error
  }
}

/** Throws `usage` where there is no database of a gate to read. */
export async function openRecordsOf(
  services: Pick<Services, 'loadConfig' | 'openRecords'>,
  config: string | undefined,
): Promise<Records> {
  const { config: loaded } = services.loadConfig({ config })
  const records = await services.openRecords(loaded)
  if (records !== undefined) return records
  throw new GateError(
    'usage',
    `there is no database of a gate in ${loaded.data}: run this where the gate runs (--config, PORTCULLIS_DATA)`,
  )
}
