// `test` with a world of the mock server for each test, in which nothing else happens.
import { test as base } from 'vitest'

const SERVER = process.env.MOCKSERVER_URL ?? 'http://127.0.0.1:7670'

async function ask(method, path, body) {
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch(`${SERVER}/_mock/worlds${path}`, { method, headers, body: body && JSON.stringify(body) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return answer.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : text
}

export const test = base.extend({
  world: async ({ task }, use) => {
    const { id, base_url: baseUrl } = await ask('POST', '', { fixture: 'small', freeze: '2026-06-01T12:00:00Z' })
    await use({
      /** the address that stands for the providers in this world */
      baseUrl,
      ask: (method, path, body) => ask(method, `/${id}${path}`, body),
    })
    if (task.result?.errors) console.log(await ask('GET', `/${id}/report`))
    await ask('DELETE', `/${id}`)
  },
})
