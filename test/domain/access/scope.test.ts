import t from 'tap'
import { API_SCOPES, apiScopesIn, mayDo } from '../../../src/domain/access/scope.ts'

t.test('each scope may what those before it may, and nothing more', async t => {
  for (const [at, scope] of API_SCOPES.entries())
    for (const [least, need] of API_SCOPES.entries()) t.equal(mayDo([scope], need), at >= least, `${scope}: ${need}`)
  t.notOk(mayDo([], 'request'))
})

t.test('scopes are read in their order, and what is none is left out', async t => {
  t.strictSame(apiScopesIn(['admin', 'metrics', 'read', 'read', 'root']), ['read', 'admin'])
})
