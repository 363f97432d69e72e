import { resolve } from 'node:path'
import type { Config } from '../../config/schema.ts'
import { indexesOf, namedSources } from '../../config/sources.ts'
import { GateError } from '../../domain/base/errors.ts'
import { readPinsFile, readPolicyFiles } from '../../gate/policy/policy-files.ts'
import { documentsAt } from '../../gate/requests/approvals.ts'
import {
  type ApprovalDocument,
  type LaidPolicy,
  type LoadBeside,
  loadLaid,
} from '../../protocol/policy/approval-layer.ts'
import { type LoadedPolicy, loadPolicy } from '../../protocol/policy/policy-yaml.ts'
import { formatDiagnostic } from '../../protocol/yaml/diagnostic.ts'
import { nearPath } from '../terminal/near-path.ts'
import { createScreen, styled } from '../terminal/screen.ts'
import { askRecordsIfAny } from './gate-records.ts'
import type { Services } from './services.ts'

export type GoodPolicy = Extract<LoadedPolicy, { readonly policy: unknown }>

/** What a policy that was named is read beside. */
interface Beside {
  /** no other sources may be named than it has; default: any may */
  readonly config?: Config | undefined
  /** the configuration of the gate whose approvals are taken in, as that gate would; default: none are */
  readonly gate?: Config | undefined
  /** of which index; default: the first */
  readonly index?: string | undefined
}

export type GivenPolicy = LaidPolicy | Exclude<LoadedPolicy, GoodPolicy>

/** Policy files or folders, read as one policy and as strictly as the gate does; places are relative to the working folder. */
export async function readGivenPolicy(
  paths: readonly string[],
  services: Services,
  { config, gate, index }: Beside = {},
): Promise<GivenPolicy> {
  const files = readPolicyFiles(paths.map(path => resolve(path))).map(({ path, text }) => ({
    path: nearPath(path),
    text,
  }))
  const readRoot = await services.openReadRoot()
  const load: LoadBeside = more =>
    loadPolicy([...files, ...more], services.clock(), readRoot, readPinsFile, config && namedSources(config))
  const approved = gate === undefined ? [] : await approvedAt(gate, index, services)
  const loaded = loadLaid(approved, load)
  if (!('policy' in loaded)) return loaded
  for (const [id, why] of loaded.leftOut)
    createScreen(services.output, 'err').line(
      styled('doubt', 'note'),
      `: the approval of request ${id} is left out, as the gate does: ${why}`,
    )
  return loaded
}

/** What was approved at an index; default: the first. Only adds to an answer: what cannot be read is no reason to fail. */
async function approvedAt(
  config: Config,
  index: string | undefined,
  services: Services,
): Promise<readonly ApprovalDocument[]> {
  const name = index ?? indexesOf(config)[0]?.name ?? ''
  try {
    return await askRecordsIfAny(config, services, async records =>
      documentsAt(name, (await records?.approvals(services.clock())) ?? []),
    )
  } catch (error) {
    if (error instanceof GateError) return []
    throw error
  }
}

/** Throws GateError `policy-invalid` with every diagnostic, one a line. */
export async function requireGivenPolicy(
  paths: readonly string[],
  services: Services,
  beside: Beside = {},
): Promise<LaidPolicy> {
  const loaded = await readGivenPolicy(paths, services, beside)
  if ('policy' in loaded) return loaded
  throw new GateError('policy-invalid', loaded.diagnostics.map(formatDiagnostic).join('\n'))
}

/** The configuration that is there, if one is: a policy that was named is read without it too. */
export async function configAtHand(
  file: string | undefined,
  paths: readonly string[],
  services: Services,
): Promise<Config | undefined> {
  try {
    return (await services.loadConfig({ config: file })).config
  } catch (error) {
    if (error instanceof GateError && paths.length > 0) return undefined
    throw error
  }
}
