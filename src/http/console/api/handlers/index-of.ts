import { GateError } from '../../../../domain/base/errors.ts'
import type { ApiIndex, ApiParts, GoodPolicy } from '../api-parts.ts'
import { assertIndex, type Caller, maySee } from '../caller.ts'

/**
 * The index that a call asks about: the one that it names, else the first of those that whoever calls may ask about.
 *
 * @throws GateError `bad-call` for one that there is not, `not-allowed-here`
 */
export function indexAsked(
  { indexes }: Pick<ApiParts, 'indexes'>,
  caller: Caller,
  asked: string | undefined,
): ApiIndex {
  if (asked === undefined) {
    const first = indexes.find(({ name }) => maySee(caller, name))
    if (first !== undefined) return first
    throw new GateError('not-allowed-here', `${caller.person.subject} is for no index`)
  }
  assertIndex(caller, asked)
  const found = indexes.find(({ name }) => name === asked)
  if (found !== undefined) return found
  throw new GateError(
    'bad-call',
    `index: there is none of this name; there are ${indexes.map(({ name }) => name).join(', ')}`,
  )
}

/** What there is to say of a policy without its text. */
export function tellPolicy(index: ApiIndex, { policy, contents }: GoodPolicy) {
  return {
    index: index.name,
    digest: policy.digest,
    mode: policy.mode,
    files: policy.files.map(file => file.slice(file.lastIndexOf('/') + 1)),
    projects_without_rule: contents.unmatched === undefined ? ('deny' as const) : ('apply-defaults' as const),
    kept_back: index.lastError() === undefined ? null : 'it does not load: its diagnostics are in the log of the gate',
  }
}
