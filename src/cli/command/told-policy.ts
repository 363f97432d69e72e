import { existsSync } from 'node:fs'
import type { Config } from '../../config/schema.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import { isApproval } from '../../domain/policy/approval-files.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Records } from '../../ports/records.ts'
import { nearPath } from '../terminal/near-path.ts'
import { createScreen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { askRecordsIfAny } from './gate-records.ts'
import type { Services } from './services.ts'

type Decided = Awaited<ReturnType<Records['lastDecision']>>

const SHOWN = 12

/**
 * Says on stderr by which policy a command goes, unless a program reads it, and where the gate of the configured data folder decided last by another: then what
 * is told here is not what clients get.
 */
export async function tellPolicy(
  policy: Pick<Policy, 'files' | 'digest'>,
  { config, format }: { readonly config: Config; readonly format: string },
  services: Services,
): Promise<void> {
  if (format === 'text') namePolicy(policy, services)
  await tellOtherPolicy(policy, config, services)
}

/** The first half alone, for what goes by another policy than the gate's on purpose. */
export function namePolicy(
  { files, digest }: Pick<Policy, 'files' | 'digest'>,
  { output }: Pick<Services, 'output'>,
): void {
  createScreen(output, 'err').line(styled('dim', `policy: ${nameFiles(files)} (sha256 ${digest.slice(0, SHOWN)})`))
}

/** Files by their names, and how many approvals there are beside them. */
function nameFiles(files: readonly string[]): string {
  const approvals = files.filter(isApproval).length
  const named = files.filter(file => !isApproval(file)).map(nearPath)
  return [...named, ...(approvals === 0 ? [] : [counted(approvals, 'approval')])].join(', ')
}

/** The second half alone, for what names its policy itself. */
export async function tellOtherPolicy(
  { digest }: Pick<Policy, 'digest'>,
  config: Config,
  services: Services,
): Promise<void> {
  tellAbsent(config, services)
  const decided = await lastDecision(config, services)
  if (decided === undefined || decided.policyDigest === digest) return
  const { at, policyDigest } = decided
  createScreen(services.output, 'err').line(
    styled('doubt', 'note'),
    `: the gate of ${nearPath(config.data)} decided last, at ${formatInstant(at).slice(0, 16)}Z, by another policy (sha256 ${policyDigest.slice(0, SHOWN)}); if it was reloaded since, it may have this one by now`,
  )
}

/** Whoever names a folder for this command means what is known there; a configuration may stand where no gate ever ran. */
function tellAbsent({ data }: Config, { environment, output }: Pick<Services, 'environment' | 'output'>): void {
  if (!environment['PORTCULLIS_DATA'] || existsSync(data)) return
  createScreen(output, 'err').line(
    styled('doubt', 'note'),
    `: there is no folder ${nearPath(data)} (PORTCULLIS_DATA): nothing that a gate has seen or approved counts here`,
  )
}

/** Only adds to an answer: what cannot be read is no reason to fail. */
async function lastDecision(config: Config, services: Services): Promise<Decided> {
  try {
    return await askRecordsIfAny(config, services, async records => await records?.lastDecision())
  } catch (error) {
    if (error instanceof GateError) return undefined
    throw error
  }
}
