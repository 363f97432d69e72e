import { dirname } from 'node:path'
import { startApp } from '../../../src/compose/app.ts'
import { loadConfig } from '../../../src/config/load.ts'

/** The whole gate in a process of its own, so that it can be killed. Says where it listens, and every alarm. */
const [, , file = ''] = process.argv
const { config } = loadConfig({ flags: {}, file, environment: {}, folder: dirname(file) })
const app = await startApp(config, {
  version: '0.0.0-test',
  environment: {},
  readers: [
    {
      emit(event) {
        if (event.type === 'alarm') process.stdout.write(`alarm ${event.alarm} ${event.detail}\n`)
      },
    },
  ],
})
process.stdout.write(`listening ${app.url}\n`)
