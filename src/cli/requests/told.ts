import { formatInstant } from '../../domain/base/instant.ts'
import { askerOf } from '../../domain/requests/request.ts'
import type { RemoteGate } from '../../ports/console/remote-gate.ts'
import type { AccessRequest } from '../../ports/console/requests.ts'
import type { Told } from '../../protocol/api/operation.ts'
import type { OPERATIONS } from '../../protocol/api/operations.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askGate, type GateOptions, gateToAsk } from '../command/asked-gate.ts'
import { ENVIRONMENT } from '../command/options.ts'
import type { Services } from '../command/services.ts'
import { createScreen } from '../terminal/screen.ts'
import { readRequest } from './told-request.ts'

const EXITS_AND_JSON = `Exit codes:
  0  done
  2  usage: the gate refuses it (no such request, decided already, one's own), or the token may not
  4  the gate could not be asked

Output of --format json, one object a line and a request, as the API has it:
  {id, refusal, kind, index, project, version, filename, sha256, code, reason,
   by: {subject, email, address}, at, state,
   decision: {by, email, at, words, ticket, approval: {extent, ends, yaml}}}`

/** What the help of each of these commands ends with. */
export function moreHelp(example: string): string {
  return `
${EXITS_AND_JSON}

${ENVIRONMENT}

Examples:
  ${example}`
}

export interface RequestOptions extends GateOptions {
  readonly format: 'text' | 'json'
}

type ToldRequest = Told<(typeof OPERATIONS)['getRequest']>

/** Asks the gate that is named, and tells the one request that it answers with. */
export async function askForRequest(
  options: RequestOptions,
  services: Services,
  ask: (gate: RemoteGate) => Promise<ToldRequest>,
): Promise<void> {
  tellRequest(await askGate(gateToAsk(options, services), services, ask), options.format, services)
}

/** One request, whole. */
function tellRequest(told: ToldRequest, format: 'text' | 'json', { output }: Services): void {
  if (format === 'json') {
    output.out(jsonLine(told))
    return
  }
  const screen = createScreen(output)
  const request = readRequest(told)
  const { id, index, filename, code, reason, by, at, decision } = request
  screen.line(`${filename} (${code}) at ${index}: ${stateOf(request)}`)
  screen.line(`  request   ${id}, of ${formatInstant(at).slice(0, 16)}Z`)
  screen.line(`  asked by  ${askerOf(by)}`)
  screen.line(`  reason    ${reason.split(/\s*\n\s*/).join(' / ')}`)
  if (decision === undefined) return
  screen.line(`  decided   by ${decision.email ?? decision.by}, ${formatInstant(decision.at).slice(0, 16)}Z`)
  if (decision.words !== '') screen.line(`  words     ${decision.words}`)
  if (decision.ticket !== undefined) screen.line(`  ticket    ${decision.ticket}`)
}

/** In two or three words. */
export function stateOf({ state, decision }: Pick<AccessRequest, 'state' | 'decision'>): string {
  const { approval } = decision ?? {}
  if (state !== 'approved' || approval === undefined) return state
  const what = approval.extent === 'release' ? 'the release is approved' : 'approved'
  return `${what} until ${formatInstant(approval.ends).slice(0, 16)}Z`
}
