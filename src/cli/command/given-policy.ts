import { resolve } from 'node:path'
import { GateError } from '../../domain/base/errors.ts'
import { readPinsFile, readPolicyFiles } from '../../gate/policy/policy-files.ts'
import { type LoadedPolicy, loadPolicy } from '../../protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../protocol/yaml/diagnostic.ts'
import { nearPath } from '../terminal/near-path.ts'
import type { Services } from './services.ts'

export type GoodPolicy = Extract<LoadedPolicy, { readonly policy: unknown }>

/** Policy files or folders, read as one policy and as strictly as the gate does; places are relative to the working folder. */
export async function readGivenPolicy(paths: readonly string[], services: Services): Promise<LoadedPolicy> {
  const files = readPolicyFiles(paths.map(path => resolve(path)))
  return loadPolicy(
    files.map(({ path, text }) => ({ path: nearPath(path), text })),
    services.clock(),
    await services.openReadRoot(),
    readPinsFile,
  )
}

/** @throws GateError `policy-invalid` with every diagnostic, one a line */
export async function requireGivenPolicy(paths: readonly string[], services: Services): Promise<GoodPolicy> {
  const loaded = await readGivenPolicy(paths, services)
  if ('policy' in loaded) return loaded
  throw new GateError('policy-invalid', loaded.diagnostics.map(formatDiagnostic).join('\n'))
}
