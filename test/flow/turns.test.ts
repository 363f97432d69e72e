import t from 'tap'
import { type Path, Turns } from '../../src/flow/turns.ts'

function inOrder(turns: Turns<string>, pathOf: (item: string) => Path): readonly string[] {
  const order: string[] = []
  for (let next = turns.next(); next !== undefined; next = turns.next()) {
    order.push(next.item)
    turns.remove(next.item, pathOf(next.item))
  }
  return order
}

t.test('turns go round by the first key, and within it by the second', async t => {
  const turns = new Turns<string>()
  const pathOf = (item: string): Path => [item[0] ?? '', item[1] ?? '']
  for (const item of ['ax1', 'ax2', 'ax3', 'ay1', 'ay2', 'bz1', 'bz2']) turns.add(item, pathOf(item))
  t.equal(turns.size, 7)
  t.strictSame([turns.count('a'), turns.count('b'), turns.count('c')], [5, 2, 0])
  t.match(turns.longest(), { key: 'a', size: 5, last: 'ax3' })
  t.strictSame(inOrder(turns, pathOf), ['ax1', 'bz1', 'ay1', 'bz2', 'ax2', 'ay2', 'ax3'])
  t.equal(turns.size, 0)
})

t.test('who may have none is passed over, and stays in line', async t => {
  const turns = new Turns<string>()
  for (const item of ['a1', 'b1']) turns.add(item, [item[0] ?? ''])
  t.match(
    turns.next(key => key !== 'a'),
    { item: 'b1', key: 'b' },
  )
  t.equal(
    turns.next(() => false),
    undefined,
  )
  t.equal(turns.size, 2)
})

t.test('what stands there twice is there once, and removing what is not there is nothing', async t => {
  const turns = new Turns<string>()
  turns.add('a1', ['a'])
  turns.add('a1', ['a'])
  turns.remove('a2', ['a'])
  turns.remove('a1', ['b'])
  t.equal(turns.size, 1)
})
