import t from 'tap'
import { createProgress, drawBar, showSteps } from '../../../src/cli/terminal/progress.ts'
import { paper } from './on-paper.ts'

t.test('a bar is filled as far as the work is done', async t => {
  t.equal(drawBar(0, 4), `[${'.'.repeat(24)}]`)
  t.equal(drawBar(1, 4), `[${'#'.repeat(6)}${'.'.repeat(18)}]`)
  for (const [done, all] of [
    [4, 4],
    [9, 4],
    [0, 0],
  ] as const)
    t.equal(drawBar(done, all), `[${'#'.repeat(24)}]`)
})

t.test('one line is written and wiped, and nothing in it moves the terminal', async t => {
  const output = paper({ progress: true })
  const progress = createProgress(output)
  progress.clear()
  t.equal(output.text, '', 'nothing was shown')
  showSteps(progress)('judging \u001b[2J', 1, 2)
  progress.clear()
  t.equal(output.text, `\r\u001b[2K${drawBar(1, 2)} judging \\u{1b}[2J 1 of 2\r\u001b[2K`)
})

t.test('on a log it is a line a minute, without a bar, and nothing of what takes less', async t => {
  const output = paper()
  let now = 5_000
  const progress = createProgress(output, () => now)
  const step = showSteps(progress)
  for (let done = 0; done < 1_000; done += 1) {
    step('judging \u001b[2J', done, 1_000)
    now += 59
  }
  t.equal(output.text, '', 'less than a minute')
  for (let done = 0; done < 1_000; done += 1) {
    step('judging', done, 1_000)
    now += 600
  }
  progress.clear()
  t.equal(output.text.split('\n').length - 1, 10, 'ten minutes')
  t.match(output.text, /^judging \d+ of 1000\n/)
})
