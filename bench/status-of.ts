import { request, type Agent } from 'node:http';

/** @param body of a POST; a GET has none. @returns the status of the answer, once it has ended. */
export function statusOf(agent: Agent, url: string, token: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
    };
    request(url, { method: body === undefined ? 'GET' : 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => {
        resolve(response.statusCode ?? 0);
      });
    })
      .once('error', reject)
      .end(body);
  });
}
