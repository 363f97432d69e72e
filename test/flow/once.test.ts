import t from 'tap'
import { type Asker, Person } from '../../src/flow/asker.ts'
import { createOnce } from '../../src/flow/once.ts'

t.test('who asks while a call is under way gets its answer, and it is called once', async t => {
  const once = createOnce<number>()
  let calls = 0
  const start = async () => {
    calls += 1
    const mine = calls
    await Promise.resolve()
    return mine
  }
  t.strictSame(await Promise.all([once('a', start), once('a', start), once('b', start)]), [1, 1, 2])
  t.equal(await once('a', start), 3, 'nothing is kept')
})

t.test('a call waits for all who asked, and whoever comes when all have left begins anew', async t => {
  const once = createOnce<string>()
  const flights: { readonly asker: Asker; readonly answer: PromiseWithResolvers<string> }[] = []
  const start = (asker: Asker) => {
    const answer = Promise.withResolvers<string>()
    flights.push({ asker, answer })
    return answer.promise
  }
  const [first, second, third] = ['a', 'b', 'c'].map(name => new Person(name)) as [Person, Person, Person]
  const answers = [once('x', start, first), once('x', start, second)]
  t.strictSame(flights[0]?.asker.names, ['a', 'b'])
  first.leave()
  t.equal(flights[0]?.asker.gone, false)
  t.strictSame(flights[0]?.asker.names, ['b'])
  second.leave()
  t.equal(flights[0]?.asker.gone, true)
  answers.push(once('x', start, third))
  t.equal(flights.length, 2)
  for (const { answer } of flights) answer.resolve('here')
  t.strictSame(await Promise.all(answers), ['here', 'here', 'here'])
})

t.test('what was given up does not end the flight that followed it', async t => {
  const once = createOnce<string>()
  const answers: PromiseWithResolvers<string>[] = []
  const start = () => {
    const answer = Promise.withResolvers<string>()
    answers.push(answer)
    return answer.promise
  }
  const client = new Person('a')
  const givenUp = once('x', start, client)
  client.leave()
  const next = once('x', start, new Person('b'))
  answers[0]?.reject(new Error('given up'))
  await t.rejects(givenUp)
  const joined = once('x', start, new Person('c'))
  answers[1]?.resolve('here')
  t.strictSame(await Promise.all([next, joined]), ['here', 'here'])
  t.equal(answers.length, 2)
})
