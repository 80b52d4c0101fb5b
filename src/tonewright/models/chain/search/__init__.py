"""What can be read off a dry and a wet sound without going downhill: responses, lags, delays, swings."""
