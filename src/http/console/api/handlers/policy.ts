import { GateError } from '../../../../domain/base/errors.ts'
import { formatInstant, instant, millis } from '../../../../domain/base/instant.ts'
import { createLimit } from '../../../../flow/limit.ts'
import type { BroughtFound, BroughtLook } from '../../../../gate/records/brought-policy.ts'
import type { Changed, Untold } from '../../../../gate/records/replay.ts'
import { formatDiagnostic } from '../../../../protocol/yaml/diagnostic.ts'
import type { ApiIndex, ApiParts } from '../api-parts.ts'
import type { Call, Handlers } from '../call.ts'
import { momentOf } from './as-told.ts'
import { indexAsked } from './index-of.ts'

/** Each has a thread of its own, and memory. */
const WORK = { running: 1, waiting: 16, patience: millis(10_000), what: 'policies to look at' }
const MONTH = 30 * 86_400_000
const TOLD = 200

type Asked = Pick<Call<'checkPolicy'>, 'body' | 'asker'>
type Good = Exclude<BroughtFound, { readonly diagnostics: unknown }>

/** What a policy would do that somebody brings. Nothing of it is put in force, or kept. */
export function policyHandlers(parts: ApiParts): Handlers<'checkPolicy' | 'comparePolicy' | 'replayPolicy'> {
  const { clock } = parts
  const work = createLimit(WORK)

  async function look(
    index: ApiIndex,
    look: BroughtLook,
    { body: { files, pins = [] }, asker }: Asked,
  ): Promise<BroughtFound> {
    const brought = {
      files: files.map(({ name, text }) => ({ path: name, text })),
      pins: new Map(pins.map(({ path, text }) => [path, text])),
    }
    return await work.run(async () => await index.lookAt(look, brought), asker)
  }

  /** @throws GateError `invalid-body` with every diagnostic, one a line */
  async function lookAtGood(index: ApiIndex, what: BroughtLook, asked: Asked): Promise<Good> {
    const found = await look(index, what, asked)
    if ('policy' in found) return found
    throw new GateError('invalid-body', found.diagnostics.slice(0, 20).map(formatDiagnostic).join('\n'))
  }

  return {
    checkPolicy: async asked => tellChecked(await look(parts.indexes[0], { kind: 'check' }, asked)),
    async comparePolicy({ query, caller, ...asked }) {
      const index = indexAsked(parts, caller, query.index)
      const inForce = await index.policy()
      const { policy, approvals, changes } = await lookAtGood(index, { kind: 'compare' }, asked)
      return {
        index: index.name,
        in_force: inForce.policy.digest,
        digest: policy.digest,
        approvals: tellApprovals(approvals),
        changes: changes.map(({ effect, about, text }) => ({ effect, about, text })),
      }
    },
    async replayPolicy({ query, caller, ...asked }) {
      const index = indexAsked(parts, caller, query.index)
      const since = query.since === undefined ? instant(Math.max(0, clock() - MONTH)) : momentOf(query.since)
      const { policy, approvals, replayed } = await lookAtGood(index, { kind: 'replay', since }, asked)
      if (replayed === undefined) throw new TypeError('what was asked for is answered')
      const { requests, changed, watched, untold, whole } = replayed
      return {
        index: index.name,
        digest: policy.digest,
        since: formatInstant(since),
        whole,
        approvals: tellApprovals(approvals),
        requests,
        changed: changed.slice(0, TOLD).map(tellChanged),
        watched: watched.slice(0, TOLD).map(tellChanged),
        untold: untold.slice(0, TOLD).map(tellAsked),
      }
    },
  }
}

function tellApprovals({ taken, leftOut }: Good['approvals']) {
  return { taken, left_out: [...leftOut].slice(0, TOLD).map(([request, why]) => ({ request, why })) }
}

function tellChecked(found: BroughtFound) {
  if (!('policy' in found))
    return {
      ok: false,
      digest: null,
      mode: null,
      rules: 0,
      exemptions: 0,
      revocations: 0,
      diagnostics: found.diagnostics.map(({ file, line, column, path, message }) => ({
        file,
        line,
        column,
        path,
        message,
      })),
      warnings: [],
    }
  const { warnings, ...policy } = found.policy
  return { ok: true, ...policy, diagnostics: [], warnings: [...warnings] }
}

function tellAsked({ first, last, sha256, project, filename, requests, clients, from }: Untold) {
  return {
    project,
    filename,
    requests,
    clients,
    sha256: sha256 ?? null,
    first: formatInstant(first),
    last: formatInstant(last),
    from: { outcome: from.outcome, code: from.code },
  }
}

function tellChanged({ to, ...asked }: Changed) {
  return { ...tellAsked(asked), to: { outcome: to.outcome, code: to.code, detail: to.detail } }
}
