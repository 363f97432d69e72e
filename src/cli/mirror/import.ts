import type { Command } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import { ImportRefusal } from '../../domain/base/import-refusal.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import type { RefusalCode } from '../../domain/base/refusal.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import type { Imported } from '../../gate/mirror/import.ts'
import type { Mirror } from '../../gate/mirror/mirror.ts'
import type { TrustStatus } from '../../ports/trust.ts'
import { type CarrierKey, readSignerKey } from '../../protocol/attest/dsse.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { namePolicy } from '../command/told-policy.ts'
import { renderOthers } from '../report/outcomes.ts'
import { createProgress, showSteps } from '../terminal/progress.ts'
import { readGiven } from '../terminal/read-given.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { collectCodes, withMirrorOptions } from './options.ts'

interface ImportOptions {
  readonly config?: string
  readonly data?: string
  readonly signer: string
  readonly dryRun?: boolean
  readonly allowRefused?: readonly RefusalCode[]
  readonly format: 'text' | 'json'
}

const DESCRIPTION = `Lets in what was carried here, all of it or none. The signature over the manifest is held against the one key that --signer names, then the documents, the parts and every file in them against the manifest; then every file is verified and judged again, under the policy and the trust root of this place. What was judged outside is kept as evidence and permits nothing; the trusted root that comes along is not used.

An import that was interrupted is run again: parts that are here already are passed over. An older export of the same signer is refused, and so is one that only carries what is new since another that never came. The data folder must not be in use by a gate.`

const MORE = `
Exit codes:
  0  everything is let in; with --dry-run: it would be
  1  something was refused: nothing is let in
  2  usage, configuration or policy; or the data folder is in use
  3  internal error: the disk or the database could not answer
  5  the trust root of this place cannot be used

Output of --format json, one object:
  {outcome: "imported" | "refused", code, detail, more, sequence, manifest,
   signer, fresh, changed, restored, same, left_out,
   trust: {site, carried, age_days}}

${ENVIRONMENT}

Examples:
  portcullis mirror import /media/stick/1 --signer mirror.pub --dry-run
  portcullis mirror import /media/stick/1 --signer mirror.pub`

export function addMirrorImport(mirror: Command, services: Services, conclude: Conclude): void {
  withMirrorOptions(
    mirror
      .command('import')
      .description(DESCRIPTION)
      .argument('<folder>', 'what mirror export wrote')
      .requiredOption('--signer <publickey>', 'the public key of whoever may carry in, mirror.pub of mirror keygen')
      .option('--dry-run', 'look at everything, tell what would change, and keep nothing')
      .option(
        '--allow-refused <code...>',
        'files that are refused for one of these are left out, the others let in',
        collectCodes,
      )
      .addOption(formatOption('json prints one object')),
  )
    .addHelpText('after', MORE)
    .action(async (folder: string, _options, command: Command) => {
      conclude(await letIn(folder, command.optsWithGlobals<ImportOptions>(), services))
    })
}

async function letIn(folder: string, options: ImportOptions, services: Services): Promise<ExitCode> {
  const signer = signerKey(options.signer)
  const { config } = await services.loadConfig({ ...options })
  const mirror = await services.openMirror(config, () => {})
  const progress = createProgress(services.output)
  const dryRun = options.dryRun === true
  try {
    if (options.format === 'text') namePolicy(mirror.policy(), services)
    const imported = await mirror.importBundle({
      folder,
      signer,
      dryRun,
      allowRefused: new Set(options.allowRefused),
      progress: showSteps(progress),
    })
    progress.clear()
    const trust = mirror.trust()
    if (options.format === 'json') services.output.out(jsonLine(importedJson(imported, signer, trust)))
    else tell(createScreen(services.output), imported, { signer, trust, dryRun })
    return 0
  } catch (error) {
    if (!(error instanceof ImportRefusal)) throw error
    progress.clear()
    tellRefusal(error, options, services)
    return 1
  } finally {
    progress.clear()
    await mirror.close()
  }
}

function signerKey(path: string): CarrierKey {
  const key = readSignerKey(readGiven(path).toString('utf8'))
  if (key === undefined)
    throw new GateError('usage', `${path} is no ed25519 public key (PEM, mirror.pub of mirror keygen)`)
  return key
}

function tellRefusal({ code, detail, more }: ImportRefusal, { format }: ImportOptions, { output }: Services): void {
  if (format === 'json') {
    output.out(jsonLine({ outcome: 'refused', code, detail, more }))
    return
  }
  const screen = createScreen(output, 'err')
  screen.prose([styled('bad', 'refused'), `: ${code}: `], detail)
  for (const other of more) screen.prose(['  '], other)
  screen.line('Nothing of it was let in.')
}

function importedJson(imported: Imported, signer: CarrierKey, trust: TrustStatus): object {
  const names = (files: readonly HeldFile[]): readonly string[] => files.map(({ filename }) => filename.text)
  const { manifest, sha256, fresh, changed, restored, same, leftOut, absent } = imported
  return {
    outcome: 'imported',
    code: null,
    detail: null,
    more: [],
    sequence: manifest.sequence,
    manifest: sha256,
    signer: signer.id,
    fresh: names(fresh),
    changed: names(changed),
    restored: names(restored),
    same: same.length,
    left_out: [...names(leftOut.map(({ held }) => held)), ...names(absent)],
    trust: { site: trust.digest ?? null, carried: manifest.trust.digest, age_days: ageOf(trust) ?? null },
  }
}

function ageOf({ ageMs }: TrustStatus): number | undefined {
  return ageMs === undefined ? undefined : Math.floor(ageMs / 86_400_000)
}

interface Told {
  readonly signer: CarrierKey
  readonly trust: ReturnType<Mirror['trust']>
  readonly dryRun: boolean
}

function tell(screen: Screen, imported: Imported, { signer, trust, dryRun }: Told): void {
  const { manifest, sha256, fresh, changed, restored, same, leftOut, absent, again } = imported
  renderOthers(screen, leftOut)
  for (const file of fresh) screen.line(styled('good', '+'), ` ${file.filename.text}`)
  for (const file of changed) screen.line(styled('doubt', '~'), ` ${file.filename.text}, listed otherwise now`)
  for (const file of restored) screen.line(styled('good', '+'), ` ${file.filename.text}, whole again`)
  const left = leftOut.length + absent.length
  screen.line(
    styled('strong', `export ${manifest.sequence}${dryRun ? ' would be let in' : ' is let in'}`),
    `: ${fresh.length} new, ${changed.length} changed, ${restored.length === 0 ? '' : `${restored.length} restored, `}${same.length} as before`,
    left > 0 ? `, ${left} left out` : '',
    again && !dryRun ? '; it was here before, and was verified again' : '',
  )
  screen.line(`  manifest  ${sha256}`)
  screen.line(`  signed by ${signer.id}`)
  screen.line(
    trust.digest === undefined
      ? '  verified  under no root: nothing of it rests on an attestation'
      : `  verified  under the root ${trust.digest} of this place, ${toldAge(trust)}`,
  )
  if (manifest.trust.digest !== trust.digest)
    screen.line(`  carried   another root, ${manifest.trust.digest}: evidence, not used`)
}

function toldAge(trust: TrustStatus): string {
  const days = ageOf(trust)
  if (days !== undefined) return `${counted(days, 'day')} old`
  const { newestKey } = trust
  return newestKey === undefined
    ? 'how old is not known'
    : `how old is not known (its newest key is from ${formatInstant(newestKey).slice(0, 10)})`
}
