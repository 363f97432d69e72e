import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { createAddressOf as addressOfTrusted, createTrusted } from '../../../src/http/door/address.ts'

const createAddressOf = (trustProxy: readonly string[]) => addressOfTrusted(createTrusted(trustProxy))

function from(remoteAddress: string, forwarded?: string): IncomingMessage {
  return { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage
}

t.test('without trusted proxies an address is the connection’s, whatever a header says', async t => {
  const addressOf = createAddressOf([])
  t.equal(addressOf(from('192.0.2.1', '10.0.0.1')), '192.0.2.1')
  t.equal(addressOf(from('::ffff:192.0.2.1')), '192.0.2.1', 'an IPv4 client of a socket that listens on both')
})

t.test('behind trusted proxies it is the first from the right that is none of theirs', async t => {
  const addressOf = createAddressOf(['10.0.0.0/8', '2001:db8::1'])
  t.equal(addressOf(from('10.0.0.1', '198.51.100.9, 192.0.2.1, 10.9.9.9')), '192.0.2.1')
  t.equal(addressOf(from('2001:db8::1', '192.0.2.1')), '192.0.2.1')
  t.equal(addressOf(from('10.0.0.1', '10.0.0.2')), '10.0.0.2', 'where all are theirs, the furthest')
  t.equal(addressOf(from('10.0.0.1')), '10.0.0.1')
})

t.test('who is not trusted cannot say who they are', async t =>
  t.equal(createAddressOf(['10.0.0.0/8'])(from('192.0.2.1', '203.0.113.5')), '192.0.2.1'),
)

t.test('what a trusted proxy passes on may be no address', async t => {
  for (const forwarded of ['unknown', '192.0.2.1:8080', "'; drop table", ' , '])
    t.equal(createAddressOf(['10.0.0.1'])(from('10.0.0.1', forwarded)), '10.0.0.1', forwarded)
})

t.test('a wide range of IPv6 does not hold IPv4', async t =>
  t.equal(createAddressOf(['::/0'])(from('192.0.2.1', '203.0.113.5')), '192.0.2.1'),
)
