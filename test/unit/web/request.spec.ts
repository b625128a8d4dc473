import type { IncomingMessage } from 'node:http';
import { sourceOf, rawRequest, type PlatformRequest } from '../../../src/web/request';

const request = (more: Partial<PlatformRequest> = {}): PlatformRequest => ({
  method: 'POST',
  url: '/',
  headers: {},
  ...more,
});

describe('Where a request came from', () => {
  it('is its address, user agent and request id', () => {
    const headers = { 'user-agent': 'curl', 'x-request-id': 'r1' };
    expect(sourceOf(request({ ip: '203.0.113.7', headers }))).toEqual({
      ip: '203.0.113.7',
      userAgent: 'curl',
      requestId: 'r1',
    });
  });

  it('has no request id where several came', () => {
    expect(sourceOf(request({ headers: { 'x-request-id': ['r1', 'r2'] } }))).toEqual({});
  });
});

describe("Node's own request", () => {
  it('is within the one of Fastify, and is the one of Express', () => {
    const raw = { headers: {}, rawHeaders: [] } as Partial<IncomingMessage> as IncomingMessage;
    const express = request();
    expect(rawRequest(request({ raw }))).toBe(raw);
    expect(rawRequest(express)).toBe(express);
  });
});
