import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import express from 'express';
import { listen } from './listen.js';
import { logoutInMemory } from './logout.js';
import { MeController } from './me.controller.js';

@Module({ imports: [logoutInMemory()], controllers: [MeController] })
class AppModule {}

/** An Express application of its own, with a body parser on it before Nest is there. */
const server = express().use(express.json());
await listen(
  await NestFactory.create(AppModule, new ExpressAdapter(server), { logger: ['error', 'warn'] }),
);
