import t from 'tap'
import { Attempts } from '../../../src/http/access/attempts.ts'

t.test('whoever is wrong too often waits until his minute is over, and nobody else does', async t => {
  const time = { now: 0 }
  const attempts = new Attempts(() => time.now)
  for (let round = 0; round < 20; round += 1) t.equal(attempts.wrong('192.0.2.1'), 0)
  time.now = 20_000
  t.equal(attempts.wrong('192.0.2.1'), 40_000)
  t.equal(attempts.wrong('192.0.2.2'), 0)
  time.now = 60_000
  t.equal(attempts.wrong('192.0.2.1'), 0)
})

t.test('a network of IPv6 is one neighbour', async t => {
  const attempts = new Attempts(() => 0)
  for (let round = 0; round < 20; round += 1) attempts.wrong(`2001:db8::${round}`)
  t.equal(attempts.wrong('2001:db8::ffff'), 60_000)
  t.equal(attempts.wrong('2001:db8:0:1::1'), 0)
})
