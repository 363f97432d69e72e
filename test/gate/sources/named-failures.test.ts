import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { withNamedFailures } from '../../../src/gate/sources/named-failures.ts'

t.test('what a source cannot tell says which source it is, and nothing else changes', async t => {
  const port = {
    kind: 'port',
    page: async (fails: GateError | undefined) => {
      if (fails !== undefined) throw fails
      return port.kind
    },
    at: (name: string) => `${name}!`,
  }
  const named = withNamedFailures(port, 'acme' as SourceName)
  t.strictSame([named.kind, named.at('x'), await named.page(undefined)], ['port', 'x!', 'port'])
  const away = new GateError('unknown-upstream-timeout', 'the index did not answer in time', { untrusted: 'u' })
  await t.rejects(named.page(away), {
    code: 'unknown-upstream-timeout',
    detail: 'source acme: the index did not answer in time',
    untrusted: 'u',
  })
  const other = new GateError('unknown-overloaded', 'too many')
  t.equal(await named.page(other).catch((error: unknown) => error), other, 'what is ours is no source’s')
})
