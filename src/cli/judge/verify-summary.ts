import { basename } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { parseSha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import { holdSummary, readSummaryKey } from '../../protocol/attest/summary.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import type { JudgingOptions } from '../command/options.ts'
import type { ExitCode, Services } from '../command/services.ts'
import { parseLength } from '../command/since.ts'
import { createScreen, styled } from '../terminal/screen.ts'
import { hashFile, readDocument } from './local-file.ts'

/** How a file is held against a verification summary. */
export interface SummaryOptions {
  readonly vsa?: string
  readonly vsaKey?: string
  readonly policyDigest?: string
  readonly verifierId?: string
  readonly maxAge?: number
}

interface Given extends SummaryOptions, Partial<JudgingOptions> {
  readonly provenance?: string
}

export function withSummaryOptions(command: Command): Command {
  return command
    .option('--vsa <file>', 'hold the file against this verification summary of a gate, and ask nobody')
    .option('--vsa-key <file>', 'the public key of that gate, PEM; with --vsa')
    .option('--policy-digest <sha256>', 'with --vsa: the policy that it must have been made under', parseDigest)
    .option('--verifier-id <url>', 'with --vsa: the gate that it must have been made by')
    .option('--max-age <time>', 'with --vsa: how long ago at most it was made, 14d, 36h or 90m', parseLength)
}

const OWN = ['vsaKey', 'policyDigest', 'verifierId', 'maxAge'] as const
const JUDGING = ['provenance', 'policy', 'trustRoot', 'index', 'at'] as const

/** `undefined`: the file is to be judged. Throws `usage` for options that say nothing together. */
export function summaryOf(
  options: Given,
): (SummaryOptions & { readonly vsa: string; readonly vsaKey: string }) | undefined {
  const { vsa, vsaKey } = options
  if (vsa === undefined) {
    const stray = OWN.find(name => options[name] !== undefined)
    if (stray !== undefined) throw new GateError('usage', `${flagOf(stray)} belongs to --vsa`)
    return undefined
  }
  if (vsaKey === undefined)
    throw new GateError('usage', '--vsa needs --vsa-key, the public key of the gate that made it')
  const other = JUDGING.find(name => options[name] !== undefined)
  if (other !== undefined)
    throw new GateError('usage', `${flagOf(other)} is for judging a file; with --vsa it was judged by the gate`)
  return { ...options, vsa, vsaKey }
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

function parseDigest(text: string): string {
  const digest = parseSha256(text)
  if (digest === undefined) throw new InvalidArgumentError('A sha256 has 64 hexadecimal digits.')
  return digest
}

/** bytes; what is too large to be a summary or a key, and not for a file, is judged as what it is not */
const MOST = 1024 * 1024

/** 0: this file, as that gate admitted it; 1: something is another. Throws `usage` for what cannot be read. */
export function verifySummary(
  path: string,
  options: SummaryOptions & { readonly vsa: string; readonly vsaKey: string },
  { services, format }: { readonly services: Services; readonly format: JudgingOptions['format'] },
): ExitCode {
  const filename = basename(path)
  const { sha256 } = hashFile(path)
  const key = readSummaryKey(
    Buffer.from(readDocument(options.vsaKey, { most: MOST, what: 'a public key' })).toString('latin1'),
  )
  if (key === undefined) throw new GateError('usage', `${options.vsaKey} is no P-256 public key in PEM`)
  const envelope = readDocument(options.vsa, { most: MOST, what: 'a verification summary' })
  const { maxAge, policyDigest, verifierId } = options
  const demands = { filename, sha256, now: services.clock(), maxAgeMs: maxAge, policyDigest, verifierId }
  const held = holdSummary(envelope, key, demands)
  const wrong = 'wrong' in held ? held.wrong : undefined
  const told = 'wrong' in held ? undefined : { ...held, at: formatInstant(held.timeVerified) }
  if (format === 'json')
    services.output.out(
      jsonLine({
        filename,
        sha256,
        outcome: wrong === undefined ? 'admitted' : 'refused',
        verifier: told?.verifierId ?? null,
        time_verified: told?.at ?? null,
        policy_digest: told?.policyDigest ?? null,
        levels: told?.levels ?? null,
        detail: wrong ?? null,
      }),
    )
  else {
    const screen = createScreen(services.output)
    if (told === undefined) screen.line(styled('bad', '✗'), ` ${filename}: not vouched for`)
    else screen.line(styled('good', '✓'), ` ${filename}: vouched for by ${told.verifierId}`)
    if (told === undefined) screen.prose(['  '], `The summary is of no use here: ${wrong}.`)
    else {
      screen.line(`  at      ${told.at}`)
      screen.line(`  policy  sha256 ${told.policyDigest}`)
      screen.line(`  levels  ${told.levels.join(', ')}`)
    }
  }
  return wrong === undefined ? 0 : 1
}
