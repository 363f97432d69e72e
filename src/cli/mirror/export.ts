import { type Command, InvalidArgumentError, Option } from 'commander'
import { size } from '../../config/units.ts'
import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { ImportRefusal } from '../../domain/base/import-refusal.ts'
import type { HeldVerdict } from '../../gate/mirror/held-verdicts.ts'
import type { Mirror } from '../../gate/mirror/mirror.ts'
import { type CarrierKey, readSigningKey } from '../../protocol/attest/dsse.ts'
import { readManifest } from '../../protocol/carry/mirror-manifest.ts'
import { exitOfUnknown } from '../command/exit-of.ts'
import { assertDatabase } from '../command/gate-records.ts'
import { ENVIRONMENT, writtenOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { namePolicy } from '../command/told-policy.ts'
import { renderOthers } from '../report/outcomes.ts'
import { formatBytes } from '../terminal/bytes.ts'
import { createProgress, type Progress, showSteps } from '../terminal/progress.ts'
import { readGiven } from '../terminal/read-given.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { withMirrorOptions } from './options.ts'

interface ExportOptions {
  readonly config?: string
  readonly data?: string
  readonly out: string
  readonly key: string
  readonly since?: string
  readonly maxPart: number
  readonly layout: 'bundle' | 'pep503'
  readonly url?: string
}

const DESCRIPTION = `Writes what the mirror holds and the policy admits now into a folder that can be carried away.

bundle: archives (tar, zstd) of every file, its METADATA and its provenance by content; manifest.json names each of them, and is signed; beside it lie the trusted root, the policy and the verdicts, as evidence of what was judged here. With --since, only what is new since that export's manifest is carried.

pep503: a tree that any web server can serve, with provenance where the Integrity API has it, for a network without a gate. Nothing there judges a file again.`

const MORE = `
The same holdings, policy and trust root always make the same bytes. What is
refused by now, or damaged, is left out and told. --out must be empty; an
export that was interrupted is begun anew there, and one that is whole and
still says all is left as it is.

Exit codes:
  0  written, with everything that is held
  1  written, and a file that is held was left out: it is refused by now, or
     damaged
  2  usage, configuration or policy; there is no data folder of a mirror; or
     it is in use
  3  internal error
  5  the trust root cannot be used, or is too old

${ENVIRONMENT}

Examples:
  portcullis mirror export --out /media/stick/1 --key keys/mirror.key
  portcullis mirror export --out /media/stick/2 --key keys/mirror.key \\
    --since 1/manifest.json --max-part 3GiB
  portcullis mirror export --out www --key keys/mirror.key --layout pep503`

export function addMirrorExport(mirror: Command, services: Services, conclude: Conclude): void {
  withMirrorOptions(
    mirror
      .command('export')
      .description(DESCRIPTION)
      .requiredOption('--out <folder>', 'where the export goes; must be empty')
      .requiredOption('--key <file>', 'the private key of mirror keygen')
      .option('--since <manifest>', 'the manifest.json of an earlier export: only what is new is carried')
      .addOption(
        writtenOption('--max-part <size>', 'the largest that one archive may be', {
          parse: parseSize,
          otherwise: '4GiB',
        }),
      )
      .addOption(
        new Option('--layout <layout>', 'what the folder is for').choices(['bundle', 'pep503']).default('bundle'),
      )
      .option('--url <url>', 'with pep503: where the tree will be served; without, its links are relative'),
  )
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      conclude(await carry(command.optsWithGlobals<ExportOptions>(), services))
    })
}

function parseSize(text: string): number {
  const { data, error } = size().safeParse(text)
  if (data === undefined) throw new InvalidArgumentError(error.issues[0]?.message ?? 'Not a size.')
  // a FAT file system holds files of up to one byte less than 4 GiB, which is what somebody who says 4GiB means
  return data === 4 * 1024 ** 3 ? data - 1 : data
}

async function carry(options: ExportOptions, services: Services): Promise<ExitCode> {
  const { out, layout, since, url } = options
  if (layout === 'pep503' && since !== undefined)
    throw new GateError('usage', '--since belongs to bundles: a tree is always whole')
  if (layout === 'bundle' && url !== undefined) throw new GateError('usage', '--url belongs to --layout pep503')
  const signer = signingKey(options.key)
  const parent = since === undefined ? undefined : readParent(since)
  const { config } = await services.loadConfig({ ...options })
  await assertDatabase(config, services)
  const mirror = await services.openMirror(config, () => {})
  const progress = createProgress(services.output)
  const screen = createScreen(services.output)
  try {
    namePolicy(mirror.policy(), services)
    const order = { folder: out, signer, progress: showSteps(progress) }
    const judged =
      layout === 'pep503'
        ? await tree({ ...order, url: url?.replace(/\/$/, '') }, mirror, screen, progress)
        : await bundle({ ...order, parent, maxPart: options.maxPart }, mirror, screen, progress)
    return judged.some(isLeftOut) ? exitOfLeftOut(judged) : 0
  } finally {
    progress.clear()
    await mirror.close()
  }
}

type BundleOrder = Parameters<Mirror['exportBundle']>[0]
type TreeOrder = Parameters<Mirror['exportTree']>[0]

async function bundle(
  order: BundleOrder,
  mirror: Mirror,
  screen: Screen,
  progress: Progress,
): Promise<readonly HeldVerdict[]> {
  const { manifest, sha256, judged } = await mirror.exportBundle(order)
  progress.clear()
  tellLeftOut(screen, judged)
  const bytes = manifest.parts.reduce((sum, { size: own }) => sum + own, 0)
  const blobs = manifest.parts.reduce((sum, { blobs: own }) => sum + own.length, 0)
  screen.line(
    styled('strong', `export ${manifest.sequence}`),
    `: ${counted(manifest.files.length, 'file')}; ${counted(manifest.parts.length, 'part')} with ${counted(blobs, 'blob')}, ${formatBytes(bytes)}`,
  )
  screen.line(`  manifest  ${sha256}`)
  screen.line(`  signed by ${order.signer.id}`)
  screen.line(`Inside: portcullis mirror import ${order.folder} --signer mirror.pub`)
  return judged
}

async function tree(
  order: TreeOrder,
  mirror: Mirror,
  screen: Screen,
  progress: Progress,
): Promise<readonly HeldVerdict[]> {
  const judged = await mirror.exportTree(order)
  progress.clear()
  tellLeftOut(screen, judged)
  const files = judged.filter(it => !isLeftOut(it))
  screen.line(
    styled('strong', counted(files.length, 'file')),
    ` in ${order.folder}: serve it, with simple/ as the index`,
  )
  return judged
}

function isLeftOut({ outcome }: HeldVerdict): boolean {
  return outcome instanceof GateError || outcome.kind === 'refused'
}

function tellLeftOut(screen: Screen, judged: readonly HeldVerdict[]): void {
  const leftOut = judged.filter(isLeftOut)
  renderOthers(screen, leftOut)
  if (leftOut.length > 0) screen.line(styled('bad', `${counted(leftOut.length, 'file')} left out`))
}

function exitOfLeftOut(judged: readonly HeldVerdict[]): ExitCode {
  return exitOfUnknown(judged) === 5 ? 5 : 1
}

function signingKey(path: string): CarrierKey {
  const key = readSigningKey(readGiven(path).toString('utf8'))
  if (key === undefined)
    throw new GateError('usage', `${path} is no ed25519 private key (PEM, as mirror keygen writes it)`)
  return key
}

function readParent(path: string): NonNullable<BundleOrder['parent']> {
  const bytes = readGiven(path)
  try {
    return { manifest: readManifest(bytes), sha256: sha256Of(bytes) }
  } catch (error) {
    if (error instanceof ImportRefusal) throw new GateError('usage', `${path}: ${error.detail}`, { cause: error })
    throw error
  }
}
