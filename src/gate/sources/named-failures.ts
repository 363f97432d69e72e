import { GateError } from '../../domain/base/errors.ts'
import type { SourceName } from '../../domain/base/source-name.ts'

/** A port of one source of several: what cannot be told for its sake says whose sake that is. */
export function withNamedFailures<Port extends object>(port: Port, source: SourceName): Port {
  return new Proxy(port, {
    get(own, key) {
      const member: unknown = Reflect.get(own, key, own)
      if (typeof member !== 'function') return member
      return (...words: readonly unknown[]): unknown => {
        const told: unknown = member.apply(own, words)
        return told instanceof Promise ? told.catch((error: unknown) => rethrow(error, source)) : told
      }
    },
  })
}

function rethrow(error: unknown, source: SourceName): never {
  if (!(error instanceof GateError) || !error.code.startsWith('unknown-upstream')) throw error
  const { code, detail, cause, untrusted, retryAfterMs, limit } = error
  throw new GateError(code, `source ${source}: ${detail}`, {
    cause,
    untrusted,
    limit,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}
