import t from 'tap'
import { chooseRepresentation, codingsFor, formatOf } from '../../../src/http/exchange/choice.ts'
import { PIP_ACCEPT, SIMPLE_HTML, SIMPLE_JSON } from '../client.ts'

const form = (accept: string | undefined, agent?: string, format?: string) =>
  chooseRepresentation({ accept, format, agent }).form

t.test('a client gets the form that it wants most, the same each time', async t => {
  for (let round = 0; round < 2; round += 1) {
    t.equal(form(PIP_ACCEPT), 'json')
    t.equal(form('text/html'), 'html')
    t.equal(form(undefined), 'html')
    t.throws(() => form('image/png'), { code: 'not-acceptable' })
  }
})

t.test('?format= beats Accept', async t => t.equal(form(SIMPLE_HTML, undefined, SIMPLE_JSON), 'json'))

t.test('a pip that ignores the digests of JSON gets HTML, its neighbours do not', async t => {
  for (const version of ['22.3', '22.3.1']) t.equal(form(PIP_ACCEPT, `pip/${version} {}`), 'html', version)
  for (const version of ['22.2.2', '22.3.2', '22.30', '23.0'])
    t.equal(form(PIP_ACCEPT, `pip/${version} {}`), 'json', version)
})

t.test('a coding is one that the client takes, ours first, the same each time', async t => {
  for (let round = 0; round < 2; round += 1) {
    t.strictSame(codingsFor('gzip, zstd'), ['zstd', 'gzip', 'identity'])
    t.strictSame(codingsFor('gzip, br'), ['gzip', 'identity'])
    t.strictSame(codingsFor('br'), ['identity'])
    t.strictSame(codingsFor(undefined), ['identity'])
  }
})

t.test('of several formats the first is meant', async t => {
  t.equal(formatOf({ format: ['a', 'b'] }), 'a')
  t.equal(formatOf({ format: 'a' }), 'a')
  t.equal(formatOf({}), undefined)
})
