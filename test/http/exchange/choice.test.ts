import t from 'tap'
import type { PageBody } from '../../../src/gate/pages/page-body.ts'
import { chooseCoding, chooseRepresentation, formatOf } from '../../../src/http/exchange/choice.ts'
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

t.test('a coding is one that the client takes and that is built already', async t => {
  const [built, growing] = [
    { identity: Buffer.alloc(1), gzip: Buffer.alloc(1), zstd: Buffer.alloc(1) },
    { identity: Buffer.alloc(1), gzip: Buffer.alloc(1), zstd: undefined },
  ] as PageBody[]
  if (built === undefined || growing === undefined) return
  t.equal(chooseCoding('gzip, zstd', built), 'zstd')
  t.equal(chooseCoding('gzip, zstd', growing), 'gzip')
  t.equal(chooseCoding('zstd', growing), 'identity')
  t.equal(chooseCoding(undefined, built), 'identity')
})

t.test('of several formats the first is meant', async t => {
  t.equal(formatOf({ format: ['a', 'b'] }), 'a')
  t.equal(formatOf({ format: 'a' }), 'a')
  t.equal(formatOf({}), undefined)
})
