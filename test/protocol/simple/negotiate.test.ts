import t from 'tap'
import { negotiate, pickCoding, preferredType } from '../../../src/protocol/simple/negotiate.ts'

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json'
const HTML_TYPE = 'application/vnd.pypi.simple.v1+html'
const PIP = `${JSON_TYPE}, ${HTML_TYPE}; q=0.1, text/html; q=0.01`

/** Accept, and what is sent (PEP 691, RFC 9110 §12.5.1). */
const ACCEPTED: readonly (readonly [accept: string | undefined, sent: string | undefined])[] = [
  [undefined, 'text/html'],
  ['', 'text/html'],
  ['*/*', 'text/html'],
  [PIP, JSON_TYPE],
  [JSON_TYPE, JSON_TYPE],
  [JSON_TYPE.toUpperCase(), JSON_TYPE],
  ['application/vnd.pypi.simple.latest+json', JSON_TYPE],
  ['application/vnd.pypi.simple.latest+html', HTML_TYPE],
  ['text/html', 'text/html'],
  ['text/*', 'text/html'],
  [`text/html, ${JSON_TYPE}`, JSON_TYPE],
  [`text/html, ${JSON_TYPE}; q=0.5`, 'text/html'],
  [`*/*; q=0.1, ${JSON_TYPE}; q=0`, 'text/html'],
  [`${JSON_TYPE}, */*`, JSON_TYPE],
  [`${JSON_TYPE}; q=2`, undefined],
  ['application/json', undefined],
  ['text/html; q=0', undefined],
  ['nonsense', undefined],
]

t.test('what a client accepts', async t => {
  for (const [accept, sent] of ACCEPTED) t.equal(negotiate(accept, undefined)?.contentType, sent, String(accept))
})

t.test('?format= beats Accept, and may be wrong', async t => {
  t.equal(negotiate('text/html', JSON_TYPE)?.contentType, JSON_TYPE)
  t.equal(negotiate('text/html', JSON_TYPE.replace('+', ' '))?.contentType, JSON_TYPE, 'a plus that was not escaped')
  t.equal(negotiate(PIP, 'json'), undefined)
})

t.test('codings that a client takes, ours first', async t => {
  t.strictSame(pickCoding(undefined), ['identity'])
  t.strictSame(pickCoding('gzip, zstd'), ['zstd', 'gzip', 'identity'])
  t.strictSame(pickCoding('gzip;q=0, *'), ['zstd', 'identity'])
  t.strictSame(pickCoding('br'), ['identity'])
})

t.test('the type that is wanted most, the earlier one where there is no preference', async t => {
  const types = ['application/problem+json', 'text/html'] as const
  t.equal(preferredType(undefined, types), 'application/problem+json')
  t.equal(preferredType('*/*', types), 'application/problem+json')
  t.equal(preferredType('text/html, */*; q=0.8', types), 'text/html')
  t.equal(preferredType('image/png', types), undefined)
})
