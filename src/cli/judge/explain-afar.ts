import { tryProjectName } from '../../domain/packaging/name.ts'
import { parseVersion } from '../../domain/packaging/version.ts'
import type { ShownExplanation } from '../../gate/explain/explanation.ts'
import { readExplanation } from '../../gate/explain/told-explanation.ts'
import type { Target } from '../../protocol/api/target.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askGate } from '../command/asked-gate.ts'
import type { GateNamed, Services } from '../command/services.ts'
import { choosingOptions } from '../command/told-options.ts'
import { namePolicy } from '../command/told-policy.ts'
import type { TargetOptions } from '../locks/targets-options.ts'
import { targetsOf } from '../locks/targets-options.ts'
import { tellAside } from '../report/aside.ts'
import { explanationJson } from '../report/explanation-json.ts'
import { renderExplanation } from '../report/explanation-text.ts'
import { renderRelease } from '../report/release-summary.ts'
import { createProgress } from '../terminal/progress.ts'
import { createScreen } from '../terminal/screen.ts'
import { chooseOfRelease, takenHere } from './release-files.ts'

interface AfarOptions extends TargetOptions {
  readonly format: 'text' | 'json'
  readonly all?: boolean
  readonly index?: string
}

/** What a gate that runs says of it, told as where its data folder is. */
export async function explainAfar(
  target: Target,
  options: AfarOptions,
  { named, services }: { readonly named: GateNamed; readonly services: Services },
): Promise<readonly ShownExplanation[]> {
  const { output } = services
  const { format, all, index } = options
  const progress = createProgress(output)
  progress.show('asking the gate')
  const told = await askGate(named, services, gate => gate.ask('explain', { target: textOf(target), index })).finally(
    () => progress.clear(),
  )
  const screen = createScreen(output)
  if (format === 'text' && told.recorded === null) namePolicy(told.policy, services)
  const read = told.files.map(file => ({ ...readExplanation(file), index: file.index ?? told.index }))
  const project = tryProjectName(told.release?.project ?? '')
  const version = parseVersion(told.release?.version ?? '')
  const release =
    told.release === null || project === undefined || version === undefined
      ? undefined
      : { project, version, chosen: told.release.chosen, index: told.index }
  const targets = targetsOf(options)
  const choice = release && chooseOfRelease(release, targets)
  const wanted = choice?.wanted(read.map(({ explanation }) => explanation.file.filename))
  const chosen = read.filter(({ explanation }) => wanted?.has(explanation.file.filename) !== false)
  const explanations = chosen.map(({ explanation }) => explanation)
  if (release !== undefined && format === 'text' && all !== true)
    renderRelease(output, release, explanations, takenHere(release, explanations), {
      verdict: index === undefined ? [] : ['--index', index],
      choosing: choosingOptions(options),
    })
  else
    for (const [at, { explanation, help, index: its }] of chosen.entries()) {
      if (format === 'json') output.out(jsonLine(explanationJson(explanation, { help, index: its })))
      else {
        if (at > 0) screen.line()
        renderExplanation(screen, explanation, { help, index: its })
      }
    }
  if (choice !== undefined) tellAside(createScreen(output, format === 'text' ? 'out' : 'err'), choice.left(), targets)
  return explanations
}

function textOf(target: Target): string {
  switch (target.kind) {
    case 'refusal':
      return target.id
    case 'filename':
      return target.filename
    case 'path':
      return target.path
    case 'project':
      return target.project
    case 'release':
      return `${target.project}==${target.version}`
    default:
      return target satisfies never
  }
}
