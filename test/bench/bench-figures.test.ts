import t from 'tap'
import {
  changeOf,
  figureOf,
  isReached,
  isSteady,
  type Measured,
  median,
  renderTable,
  spread,
} from '../../bench/figures.ts'

const row: Measured = {
  scenario: 'a cold file',
  unit: 's',
  gates: [[2, 4, 3]],
  peer: { name: 'plain', values: [1, 2, 1.5] },
  better: 'less',
  goal: { atMost: 2.5 },
}

t.test('the middle of an even number of values is between the two', async t => {
  t.equal(median([4, 1, 3, 2]), 2.5)
  t.equal(median([3, 1, 2]), 2)
  t.ok(Number.isNaN(median([])))
  t.equal(spread([1, 2, 3]), 1)
  t.equal(spread([7]), 0)
})

t.test(
  'a figure is the ratio within each round, so that a machine that slows down in the middle changes nothing',
  async t => {
    t.equal(figureOf(row), 2)
    t.equal(isReached(row), true)
    t.equal(isReached({ ...row, goal: { atMost: 1.9 } }), false)
    t.equal(isReached({ ...row, goal: { atLeast: 2.1 } }), false)
    t.equal(isReached({ ...row, goal: { exactly: 2 } }), true)
  },
)

t.test('a peer that only stands beside is not part of the figure', async t => {
  t.equal(figureOf({ ...row, judged: 'value' }), 3)
})

t.test('what was not measured reaches no goal and misses none', async t => {
  t.equal(isReached({ ...row, gates: [[]] }), undefined)
  t.match(renderTable([{ ...row, gates: [[]] }]), /\| a cold file \| - /)
})

t.test('a row is unsteady when its peer varies by more than 15 %, or the gate where there is none', async t => {
  t.equal(isSteady(row), false)
  t.equal(isSteady({ ...row, peer: { name: 'plain', values: [1, 1.1, 1.05] } }), true)
  const { peer: _, ...alone } = row
  t.equal(isSteady(alone), false)
  t.equal(isSteady({ ...alone, gates: [[2, 2, 2.1]] }), true)
})

t.test('another checkout is compared round by round, and worse is what is worse by more than the noise', async t => {
  const against = (ours: readonly number[], theirs: readonly number[], better: 'less' | 'more' = 'less') =>
    changeOf({ ...row, gates: [ours, theirs], better }).verdict
  t.equal(against([1.2, 2.4, 3.6], [1, 2, 3]), 'worse')
  t.equal(against([1.2, 2.4, 3.6], [1, 2, 3], 'more'), 'better')
  t.equal(against([1, 2, 3], [1.2, 2.4, 3.6]), 'better')
  t.equal(against([1.03, 1.04, 1.02], [1, 1, 1]), 'same', 'less than no two runs agree on')
  t.equal(against([1.6, 0.8, 1.2], [1, 1, 1]), 'same', 'the rounds disagree by more')
  t.equal(against([1], []), 'same')
  t.equal(against([2], [1]), 'same', 'a single round does not say how much they disagree')
})

t.test('the table has the other checkout beside this one, and says which rows are worse', async t => {
  const table = renderTable(
    [
      {
        ...row,
        gates: [
          [2, 4, 3],
          [1, 2, 1.5],
        ],
        cpu: { per: 'a file', gates: [[20], [10]] },
      },
    ],
    'main',
  )
  t.match(table, '| gate ÷ main |'.replaceAll('|', ''))
  t.match(table, /\| 3 s +\| 1.50 s +\| 2.00 ±5 %, worse \|/)
  t.match(table, '20 ms and 10 ms CPU a file')
})
