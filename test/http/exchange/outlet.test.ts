import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { BufferPool } from '../../../src/http/exchange/buffer-pool.ts'
import { Exchange } from '../../../src/http/exchange/exchange.ts'
import { Outlet } from '../../../src/http/exchange/outlet.ts'
import type { GateEvent } from '../../../src/observe/events.ts'

const PIECE = 256 * 1024
/** ms after which a reader stands still */
const STALLED = 20

/** An outlet with room for sixteen pieces, whose readers take nothing, and the addresses that were reset. */
function shortOfMemory(t: Test) {
  const reset: string[] = []
  const events = {
    emit(event: GateEvent) {
      if (event.type === 'limited') reset.push(event.address ?? '')
    },
  }
  const bounds = { graceMs: 30_000, leastRate: 1, answerBytes: 16 * PIECE, stalledMs: STALLED }
  const outlet = new Outlet({ bounds, buffers: new BufferPool(), events, clean: text => text })
  t.teardown(() => outlet.close())

  async function read(address: string): Promise<void> {
    const socket = new Socket()
    socket.on('error', () => {}) // a reset
    const request = new IncomingMessage(socket)
    const exchange = new Exchange(request, new ServerResponse(request), address, outlet)
    const buffer = await outlet.take(exchange)
    void outlet.writeTaken(exchange, buffer, buffer.length)
  }

  /** They hold all there is and stand still, and four more of the crowd ask for room. */
  async function crowded(by: (count: number) => string): Promise<readonly string[]> {
    await read('2001:db8:a::1')
    await read('2001:db8:a::1')
    for (let count = 0; outlet.held < bounds.answerBytes; count += 1) await read(by(count))
    await sleep(2 * STALLED)
    for (let count = 100; count < 104; count += 1) {
      void read(by(count))
      await sleep(STALLED / 2)
    }
    return reset
  }
  return { crowded }
}

t.test('nobody is reset for the readers of one address, who wait behind themselves', async t => {
  const { crowded } = shortOfMemory(t)
  t.strictSame(await crowded(() => '2001:db8:b::1'), [])
})

t.test('nor for those of many addresses in one /64', async t => {
  const { crowded } = shortOfMemory(t)
  t.strictSame(await crowded(count => `2001:db8:b::${count + 1}`), [])
})

t.test('a /64 that holds most gives way to one that holds less', async t => {
  const { crowded } = shortOfMemory(t)
  const reset = await crowded(count => (count < 100 ? `2001:db8:b::${count + 1}` : '2001:db8:c::1'))
  t.ok(reset.length > 0, 'some went')
  t.ok(
    reset.every(address => address.startsWith('2001:db8:b::')),
    reset.join(' '),
  )
})
