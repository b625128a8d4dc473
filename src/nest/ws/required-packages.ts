import { requirePackages } from '../../options/required-packages';

requirePackages('nestjs-logout/ws', {
  '@nestjs/common': () => require('@nestjs/common'),
  '@nestjs/core': () => require('@nestjs/core'),
  '@nestjs/platform-ws': () => require('@nestjs/platform-ws'),
  '@nestjs/websockets': () => require('@nestjs/websockets'),
  'reflect-metadata': () => require('reflect-metadata'),
  rxjs: () => require('rxjs'),
});
