import type { Command } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import { identityOfVerdict } from '../../domain/decide/decide.ts'
import { verdictJson } from '../../gate/explain/verdict-json.ts'
import type { HeldVerdict } from '../../gate/mirror/held-verdicts.ts'
import type { TrustStatus } from '../../ports/trust.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { exitOfUnknown } from '../command/exit-of.ts'
import { assertDatabase } from '../command/gate-records.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { namePolicy } from '../command/told-policy.ts'
import { labelOf, renderOthers, renderTally } from '../report/outcomes.ts'
import { formatBytes } from '../terminal/bytes.ts'
import { createProgress, showSteps } from '../terminal/progress.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { withMirrorOptions } from './options.ts'

interface VerifyOptions {
  readonly config?: string
  readonly data?: string
  readonly format: 'text' | 'json'
}

export function addMirrorVerify(mirror: Command, services: Services, conclude: Conclude): void {
  withMirrorOptions(
    mirror
      .command('verify')
      .description(
        'Hashes every file that the mirror holds, its METADATA and its provenance, verifies and judges each anew under the policy and the trust root in force, and tells by whom each was published. What was changed on disk is set aside and no longer served. The data folder must not be in use by a gate.',
      )
      .addOption(formatOption('json prints one object a line and a file')),
  )
    .addHelpText(
      'after',
      `
Exit codes:
  0  every file is as it was, and admitted
  1  a file is refused, or its bytes are gone or were changed; or the mirror
     holds nothing
  2  usage, configuration or policy; there is no data folder of a mirror; or
     it is in use
  3  internal error
  5  the trust root cannot be used, or is too old

Output of --format json, one object a line and a file: as verify --format json,
and in each when it was verified (verified_at), under which policy (policy, a
digest) and under which trust root (trust_root, a digest or null), so that a
line that is kept proves what was verified by itself.

${ENVIRONMENT}

Examples:
  portcullis mirror verify
  portcullis mirror verify --data /var/lib/mirror --format json`,
    )
    .action(async (_options, command: Command) => {
      conclude(await verify(command.optsWithGlobals<VerifyOptions>(), services))
    })
}

async function verify(options: VerifyOptions, services: Services): Promise<ExitCode> {
  const { config } = await services.loadConfig({ ...options })
  await assertDatabase(config, services)
  const mirror = await services.openMirror(config, () => {})
  const progress = createProgress(services.output)
  try {
    if (options.format === 'text') namePolicy(mirror.policy(), services)
    const judged = await mirror.verify(showSteps(progress))
    progress.clear()
    const under = {
      verified_at: formatInstant(services.clock()),
      policy: mirror.policy().digest,
      trust_root: mirror.trust().digest ?? null,
    }
    if (options.format === 'json')
      for (const it of judged) services.output.out(jsonLine({ ...verdictJson(it), ...under }))
    else tell(createScreen(services.output), judged, { ...under, trust: mirror.trust() })
    return exitOf(judged)
  } finally {
    progress.clear()
    await mirror.close()
  }
}

interface Under {
  readonly verified_at: string
  /** digest */
  readonly policy: string
  readonly trust: TrustStatus
}

function tell(screen: Screen, judged: readonly HeldVerdict[], { verified_at, policy, trust }: Under): void {
  renderOthers(screen, judged)
  const bytes = judged.reduce((sum, { held }) => sum + held.size, 0)
  if (judged.length === 0) screen.line(styled('doubt', 'nothing is held here'), ', so nothing is proved')
  screen.line(styled('strong', `${counted(judged.length, 'file')}, ${formatBytes(bytes)}`), ' held')
  renderTally(screen, judged.map(labelOf))
  const signed = judged.flatMap(({ outcome }) => signerOf(outcome) ?? [])
  if (signed.length > 0) screen.line('signed by')
  renderTally(screen, signed.toSorted())
  screen.line(`verified at ${verified_at} under the policy ${policy}`)
  screen.prose([`and ${trust.digest === undefined ? 'no root' : `the root ${trust.digest}`}: `], trust.detail)
}

/** Who published an admitted file, as its certificate proves. */
function signerOf(outcome: HeldVerdict['outcome']): string | undefined {
  if (outcome instanceof GateError || outcome.kind === 'refused') return undefined
  const { repository, workflow, san } = identityOfVerdict(outcome) ?? {}
  return repository === undefined ? san : `${repository} ${workflow ?? ''}`.trimEnd()
}

/** Damage is known, as a refusal is; and of nothing, nothing is proved. */
function exitOf(judged: readonly HeldVerdict[]): ExitCode {
  if (judged.length === 0) return 1
  const wrong = judged.some(({ outcome }) =>
    outcome instanceof GateError ? outcome.code === 'integrity-mismatch' : outcome.kind === 'refused',
  )
  return wrong ? 1 : exitOfUnknown(judged)
}
